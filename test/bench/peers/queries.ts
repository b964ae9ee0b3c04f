// What dashboards ask of the fleet.

import { END_MS } from './fleet.ts';

export interface PeerQuery {
  readonly name: string;
  readonly path: string;
}

/** Ranges begin a little after the points: Prometheus 2 and 3 extrapolate their start otherwise. */
const HOURS = 5.9;

export const QUERIES: readonly PeerQuery[] = [
  range('sum(rate({job="fleet"}[5m]))', HOURS, 60),
  range('sum by (region) (rate(requests_total[5m]))', HOURS, 60),
  range('avg by (instance) (temperature_celsius)', HOURS, 60),
  range('topk(5, avg_over_time(temperature_celsius[10m]))', HOURS, 60),
  range(
    'sum by (path) (rate(requests_total{path=~"/v1/[1-5]",instance=~"host-1.*"}[5m]))',
    HOURS,
    60,
  ),
  range('quantile_over_time(0.99, temperature_celsius[1h])', HOURS, 300),
  range('temperature_celsius{instance="host-7",sensor="sensor-0"}', 1, 10),
  range('memory_used_bytes / ignoring (kind) memory_limit_bytes', HOURS, 60),
  range(
    'histogram_quantile(0.95, sum by (le, region) (rate(latency_seconds_bucket[5m])))',
    HOURS,
    60,
  ),
  range('max by (region) (max_over_time(load_ratio[15m]))', HOURS, 60),
  range('rate(cpu_seconds_total{mode="mode-0"}[5m])', 1, 15),
  range('count by (region) (temperature_celsius > 50)', HOURS, 60),
  instant('{job="fleet"}'),
  { name: 'values of `instance`', path: '/api/v1/label/instance/values' },
];

function instant(query: string): PeerQuery {
  const parameters = new URLSearchParams({ query, time: `${END_MS / 1000}` });
  return { name: `instant \`${query}\``, path: `/api/v1/query?${parameters}` };
}

function range(query: string, hours: number, stepSeconds: number): PeerQuery {
  const parameters = new URLSearchParams({
    query,
    start: `${END_MS / 1000 - Math.round(hours * 3600)}`,
    end: `${END_MS / 1000}`,
    step: `${stepSeconds}`,
  });
  const step = stepSeconds < 60 ? `${stepSeconds} s` : `${stepSeconds / 60} min`;
  return {
    name: `${Math.ceil(hours)} h at ${step} \`${query}\``,
    path: `/api/v1/query_range?${parameters}`,
  };
}
