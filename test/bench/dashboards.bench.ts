// Many dashboards at once, on a server that takes points in: how long their panels take, and what
// acknowledgements pay for it.

import autocannon from 'autocannon';
import { type Measured, measure, startVarve, type VarveTarget } from './load/driver.ts';
import { historyUntil, type LoadJob, STEP_MS } from './load/job.ts';
import { memoryMib } from './load/process-stats.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';

const SECONDS = numberOption('seconds', 60);
/** What acks take without dashboards shows in so much less time. */
const ALONE_SHARE = 4;
const DASHBOARDS = 50;
/** Each dashboard asks for a panel so often: one of five panels that is refreshed every 5 s. */
const ASKS_PER_SECOND = 1;
const TIMEOUT_SECONDS = 30;
const POINTS_PER_SECOND = 200_000;
const CLIENTS = 4;
const HISTORY_SERIES = 1_000;
const HISTORY_MS = 3_600_000;
const END_MS = Math.floor(Date.now() / STEP_MS) * STEP_MS;

const FLEET = '{service="telemetry"}';
const PANELS = [
  `sum by (region) (rate(device_metric_6${FLEET}[5m]))`,
  `avg by (region) (device_metric_0${FLEET})`,
  `topk(5, avg_over_time(device_metric_1${FLEET}[10m]))`,
  `max by (region) (max_over_time(device_metric_4${FLEET}[10m]))`,
  `device_metric_2{service="telemetry",host="host-7"}`,
];

const HISTORY = historyUntil(END_MS, HISTORY_MS, HISTORY_SERIES);
/** Other series in other windows: the answers stay the same. */
const ARRIVALS: Omit<LoadJob, 'address'> = {
  ...HISTORY,
  clients: CLIENTS,
  service: 'arrivals',
  startMs: END_MS - 20 * 86_400_000,
  pointsPerSecond: POINTS_PER_SECOND,
  secondsMax: SECONDS,
  batchesMax: 0,
};

endAfter(240 + 3 * SECONDS);
const varve = await startVarve();
await measure(varve, HISTORY);
const alone = await measure(varve, { ...ARRIVALS, secondsMax: SECONDS / ALONE_SHARE });
const aloneMib = memoryMib(varve.pid).peak;
let asked: Asked | undefined;
const together = await measure(varve, { ...ARRIVALS, service: 'more-arrivals' }, async () => {
  asked = await ask(varve);
});
await varve.stop();

const { total, failed, p50Ms, p99Ms } = asked!;
writeReport({
  name: 'dashboards',
  title: 'Dashboards while points stream in',
  headline: [
    `${DASHBOARDS} dashboards get ${figure(total)} panels in ${SECONDS} s,`,
    `p99 ${figure(p99Ms)} ms, ${failed} of them wrong or missing; the p99 of acks is`,
    `${figure(together.ackMs.p99 / alone.ackMs.p99)} times what it is without them.`,
  ].join(' '),
  about: [
    `\`varve serve\` on the default config holds ${figure(HISTORY_SERIES)} series of an hour at`,
    `10 s. ${DASHBOARDS} connections ask for ${PANELS.length} panels in turns, each a range of`,
    `that hour with a step of 15 s, ${ASKS_PER_SECOND} of them a second and connection, while`,
    `${CLIENTS} clients stream ${figure(POINTS_PER_SECOND)} points/s of other series; the same`,
    'stream without dashboards before it. The clients run on the same machine.',
  ].join(' '),
  columns: ['load', 'points/s', 'ack p50 ms', 'ack p99 ms', 'server CPU s', 'peak MiB'],
  rows: [
    ['points alone', ...arrivalFigures(alone), aloneMib],
    ['with dashboards', ...arrivalFigures(together), together.serverPeakMib],
  ],
  notes: [`Panels: p50 ${figure(p50Ms)} ms, p99 ${figure(p99Ms)} ms.`],
});

interface Asked {
  readonly total: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function ask({ http }: VarveTarget): Promise<Asked> {
  const result = await autocannon({
    url: http,
    connections: DASHBOARDS,
    overallRate: DASHBOARDS * ASKS_PER_SECOND,
    duration: SECONDS,
    timeout: TIMEOUT_SECONDS,
    requests: PANELS.map((expression) => ({ path: panelPath(expression) })),
  });
  const { errors, timeouts, non2xx, requests, latency } = result;
  return {
    total: requests.total,
    failed: errors + timeouts + non2xx,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
  };
}

function panelPath(expression: string): string {
  const parameters = new URLSearchParams({
    query: expression,
    start: `${(END_MS - HISTORY_MS) / 1000}`,
    end: `${END_MS / 1000}`,
    step: '15',
  });
  return `/api/v1/query_range?${parameters}`;
}

function arrivalFigures({ points, seconds, ackMs, serverCpuSeconds }: Measured): number[] {
  return [Math.round(points / seconds), ackMs.p50, ackMs.p99, serverCpuSeconds];
}
