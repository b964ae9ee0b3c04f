// What thousands of connections that are of no use cost those who write and ask beside them.

import { once } from 'node:events';
import autocannon from 'autocannon';
import { forkHere, nextOf } from './load/children.ts';
import type { CrowdNews, CrowdOrder } from './load/crowd.ts';
import { measure, startVarve, type VarveTarget } from './load/driver.ts';
import { historyUntil, type LoadJob, STEP_MS } from './load/job.ts';

import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';
import { quantile } from './support/timing.ts';

const IDLE = numberOption('idle', 2000);
const SLOW = numberOption('slow', 200);
/** With and without the crowd in turns, so often. */
const ROUNDS = numberOption('rounds', 3);
const SECONDS = numberOption('seconds', 10);
const CLIENTS = 20;
const POINTS_PER_SECOND = 20_000;
const ASKS_PER_SECOND = 40;
const END_MS = Math.floor(Date.now() / STEP_MS) * STEP_MS;
const HISTORY_MS = 3_600_000;

const HISTORY = historyUntil(END_MS, HISTORY_MS, 1_000);
const WRITES: Omit<LoadJob, 'address'> = {
  ...HISTORY,
  clients: CLIENTS,
  seriesPerClient: 100,
  service: 'arrivals',
  roundsPerBatch: 1,
  startMs: END_MS - 20 * 86_400_000,
  pointsPerSecond: POINTS_PER_SECOND,
  secondsMax: SECONDS,
  batchesMax: 0,
};

interface Figures {
  readonly writeMs: readonly number[];
  readonly queryP50Ms: number;
  readonly queryP99Ms: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
}

endAfter(120 + 2 * ROUNDS * (SECONDS + 20));
const varve = await startVarve();
const crowd = forkHere('./crowd.js');
const address = varve.http.replace('http://', '');
const job = { grpc: varve.address, http: address, idle: IDLE, slow: SLOW };
await measure(varve, HISTORY);
await others();
const alone: Figures[] = [];
const crowded: Figures[] = [];
let news: CrowdNews = { open: 0, shed: 0 };
for (let round = 0; round < ROUNDS; round++) {
  alone.push(await others());
  news = await order({ kind: 'open', job });
  if (news.open !== IDLE + SLOW) throw new Error(`${news.open} connections are open`);
  crowded.push(await others());
  news = await order({ kind: 'close' });
}
crowd.disconnect();
await once(crowd, 'exit');
await varve.stop();
report();

async function order(message: CrowdOrder): Promise<CrowdNews> {
  crowd.send(message);
  return nextOf(crowd);
}

/** The clients that have work to do. */
async function others(): Promise<Figures> {
  let latency: { readonly p50: number; readonly p99: number } | undefined;
  const { acks, serverCpuSeconds, serverPeakMib } = await measure(varve, WRITES, async () => {
    latency = await ask(varve);
  });
  return {
    writeMs: acks.tookMs,
    queryP50Ms: latency!.p50,
    queryP99Ms: latency!.p99,
    cpuSeconds: serverCpuSeconds,
    peakMib: serverPeakMib,
  };
}

async function ask({ http }: VarveTarget) {
  const parameters = new URLSearchParams({
    query: 'avg by (region) (device_metric_0{service="telemetry"})',
    start: `${(END_MS - HISTORY_MS) / 1000}`,
    end: `${END_MS / 1000}`,
    step: '60',
  });
  const { errors, timeouts, non2xx, latency } = await autocannon({
    url: `${http}/api/v1/query_range?${parameters}`,
    connections: CLIENTS,
    overallRate: ASKS_PER_SECOND,
    duration: SECONDS,
  });
  const failed = errors + timeouts + non2xx;
  if (failed > 0) throw new Error(`${failed} queries failed`);
  return latency;
}

function rowOf(name: string, runs: readonly Figures[]) {
  const writeMs = Float64Array.from(runs.flatMap((run) => run.writeMs)).sort();
  return {
    name,
    write: [quantile(writeMs, 0.5), quantile(writeMs, 0.99)] as const,
    query: [middle(runs, 'queryP50Ms'), middle(runs, 'queryP99Ms')] as const,
    cpuSeconds: middle(runs, 'cpuSeconds'),
    peakMib: Math.max(...runs.map(({ peakMib }) => peakMib)),
  };
}

/** The median of the runs. */
function middle(runs: readonly Figures[], name: Exclude<keyof Figures, 'writeMs'>): number {
  return quantile(Float64Array.from(runs, (run) => run[name]).sort(), 0.5);
}

function report(): void {
  const without = rowOf('alone', alone);
  const beside = rowOf(`beside ${figure(IDLE + SLOW)} of no use`, crowded);
  const times = (a: readonly number[], b: readonly number[]) => figure(a[1]! / b[1]!);
  writeReport({
    name: 'connections',
    title: 'Connections that are of no use',
    headline: [
      `Beside ${figure(IDLE)} idle and ${figure(SLOW)} slow connections the p99 of writes is`,
      `${times(beside.write, without.write)} times what it is without them, that of queries`,
      `${times(beside.query, without.query)} times.`,
    ].join(' '),
    about: [
      `\`varve serve\` on the default config. ${CLIENTS} clients stream`,
      `${figure(POINTS_PER_SECOND)} points/s over gRPC in batches of 100, and ${CLIENTS}`,
      `connections ask ${ASKS_PER_SECOND} times a second for a range of an hour, for ${SECONDS} s`,
      `without and ${SECONDS} s with the others, ${ROUNDS} times in turns. Half of those are HTTP`,
      'and half gRPC: the idle ones say nothing at all; the slow ones send a body a byte every',
      '200 ms, or open a stream and send nothing on it. An ack counts from when its batch is due.',
      'Of writes all are pooled, of queries each figure is the median of the rounds. The clients',
      'run on the same machine.',
    ].join(' '),
    columns: [
      ...['20 clients', 'ack p50 ms', 'ack p99 ms', 'query p50 ms', 'query p99 ms'],
      ...['server CPU s', 'peak MiB'],
    ],
    rows: [without, beside].map(({ name, write, query, cpuSeconds, peakMib }) => {
      return [name, ...write, ...query, cpuSeconds, peakMib];
    }),
    notes: [`${figure(news.shed)} of them were closed by the server, and opened again.`],
  });
}
