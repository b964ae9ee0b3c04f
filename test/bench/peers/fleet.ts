// The points that varve is compared on: 100 hosts with 40 series each, every 10 s for 6 h. Points
// lie 3 s off the steps that queries ask for, so that no range ends on one: whether such a point
// belongs to the range is what Prometheus 2 and 3 do not agree on.

import { createRng } from '../../sim/rng.ts';
import { type MetricKind, metricValues } from '../../support/metric-mix.ts';

export const STEP_MS = 10_000;
const HOURS = 6;
const HOSTS = 100;
export const ROUNDS = (HOURS * 3_600_000) / STEP_MS;
const HOUR_MS = 3_600_000;
/** On the hour, far enough back that every window is past. */
export const END_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS;
export const START_MS = END_MS - HOURS * HOUR_MS;
const OFF_MS = 3_000;

export interface Metric {
  readonly name: string;
  readonly kind: MetricKind;
  /** Label that tells the series of one host apart, and its values. */
  readonly label: string;
  readonly values: readonly string[];
}

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

const LATENCY_BOUNDS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '+Inf'];

export const METRICS: readonly Metric[] = [
  { name: 'requests_total', kind: 'counter', label: 'path', values: numbered('/v1/', 10) },
  { name: 'latency_seconds_bucket', kind: 'counter', label: 'le', values: LATENCY_BOUNDS },
  { name: 'cpu_seconds_total', kind: 'counter', label: 'mode', values: numbered('mode-', 8) },
  {
    name: 'temperature_celsius',
    kind: 'gauge, 2 decimals',
    label: 'sensor',
    values: numbered('sensor-', 8),
  },
  { name: 'load_ratio', kind: 'full double', label: 'core', values: ['0', '1'] },
  { name: 'memory_used_bytes', kind: 'gauge, 2 decimals', label: 'kind', values: ['rss'] },
  { name: 'memory_limit_bytes', kind: 'nearly constant', label: 'kind', values: ['ram'] },
];

export interface FleetSeries {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: Float64Array;
}

export function timestampMs(round: number): number {
  return START_MS + OFF_MS + round * STEP_MS;
}

/** The series of one metric. */
export function* seriesOf(metric: Metric): Generator<FleetSeries> {
  const place = METRICS.indexOf(metric);
  for (let host = 0; host < HOSTS; host++) {
    let below: Float64Array | undefined;
    for (const [i, value] of metric.values.entries()) {
      const labels = {
        instance: `host-${host}`,
        job: 'fleet',
        region: `eu-${host % 4}`,
        [metric.label]: value,
      };
      const values = metricValues(metric.kind, ROUNDS, (place * HOSTS + host) * 10 + i);
      if (metric.label === 'le') addBelow(values, below, host * 10 + i);
      below = values;
      yield { metric: metric.name, labels, values };
    }
  }
}

/** Buckets count what lies in those below as well; all of a histogram are reset at one time. */
function addBelow(values: Float64Array, below: Float64Array | undefined, seed: number): void {
  const rng = createRng(seed);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    count += Math.floor(rng.next() * 10);
    values[i] = count + (below?.[i] ?? 0);
  }
}

export const SERIES = HOSTS * METRICS.reduce((sum, { values }) => sum + values.length, 0);
