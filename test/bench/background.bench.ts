// What acks notice of the work behind them: their latency while memtables are flushed, windows
// merged, a snapshot made and everything read, next to what it is when nothing else goes on.

import { setTimeout as wait } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { ScanRangeRequestSchema } from '../../proto/index.ts';
import { framed } from '../support/write-requests.ts';
import { measure, startVarve, type VarveTarget } from './load/driver.ts';
import { openCall, openSession } from './load/grpc-stream.ts';
import { type LoadJob, type LoadResult, STEP_MS } from './load/job.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { fsyncMs } from './support/fsync.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';
import { quantile } from './support/timing.ts';

const SECONDS = numberOption('seconds', 8);
const POINTS_PER_SECOND = numberOption('rate', 200_000);
const HISTORY_MILLIONS = numberOption('millions', 24);
const WINDOW_MS = 7_200_000;
const DAY_MS = 86_400_000;
const START_MS = Math.floor((Date.now() - 20 * DAY_MS) / WINDOW_MS) * WINDOW_MS;
/** From the end of one job to the beginning of the next. */
const PAUSE_MS = 500;

/** A batch is one point of each series of a client: some 200 acks a second. */
const LOAD: Omit<LoadJob, 'address' | 'startMs'> = {
  method: 'stream',
  clients: 4,
  seriesPerClient: 1_000,
  service: 'telemetry',
  roundsPerBatch: 1,
  rounds: WINDOW_MS / STEP_MS,
  inFlight: 4,
  pointsPerSecond: POINTS_PER_SECOND,
  secondsMax: SECONDS,
  batchesMax: 0,
};
const HISTORY_ROUNDS = (HISTORY_MILLIONS * 1e6) / LOAD.clients / LOAD.seriesPerClient;
const HISTORY_END_MS = START_MS + HISTORY_ROUNDS * STEP_MS;

interface Job {
  readonly name: string;
  /** Does it once. It is begun again, after a pause, for as long as the load lasts. */
  run(varve: VarveTarget): Promise<void>;
}

/** When a job ran, ms since the epoch. */
interface Run {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Outcome {
  readonly name: string;
  readonly runs: readonly Run[];
  /** Took, ascending, ms: of the acks that were waited for while the job ran. */
  readonly tookMs: Float64Array;
}

const JOBS: readonly Job[] = [
  { name: 'windows are merged', run: (varve) => post(varve, '/api/v1/admin/compact') },
  { name: 'memory is flushed', run: (varve) => post(varve, '/api/v1/admin/flush') },
  { name: 'a snapshot is made', run: (varve) => post(varve, '/api/v1/admin/tsdb/snapshot') },
  { name: 'ScanRange reads everything', run: scanEverything },
  { name: 'PromQL reads everything', run: (varve) => post(varve, countEverything()) },
  { name: 'everything is exported', run: exportEverything },
];

endAfter(180 + 3 * SECONDS * (JOBS.length + 2));
const varve = await startVarve();
await measure(varve, {
  ...LOAD,
  startMs: START_MS,
  pointsPerSecond: 0,
  roundsPerBatch: 8,
  secondsMax: 60,
  batchesMax: HISTORY_ROUNDS / 8,
});
let phases = 0;
const [merging, ...others] = JOBS;
// First, as then there is something to merge.
const merged = await under(merging!.name, merging);
const quiet = await under('nothing else goes on');
const outcomes: Outcome[] = [quiet, merged];
for (const job of others) outcomes.push(await under(job.name, job));
await varve.stop();

const quietP99 = p99(quiet);
const worst = outcomes.reduce((a, b) => (p99(b) > p99(a) ? b : a));
writeReport({
  name: 'background',
  title: 'Acks while work goes on behind them',
  headline: [
    `The p99 of acks is ${figure(quietP99)} ms when nothing else goes on and`,
    `${figure(p99(worst))} ms at the worst, while ${worst.name}:`,
    `${figure(p99(worst) / quietP99)} times that.`,
  ].join(' '),
  about: [
    `\`varve serve\` on the default config (\`wal.sync: group\`) takes`,
    `${figure(POINTS_PER_SECOND)} points/s over ${LOAD.clients} streams,`,
    `${figure(LOAD.seriesPerClient)} points a batch, for ${SECONDS} s each time. It holds`,
    `${figure(HISTORY_MILLIONS)} million points before that. An ack counts from when its batch is`,
    'due, and for a job if it was waited for while the job ran; a job is begun again',
    `${PAUSE_MS} ms after its end, on the same two cores as the load. 4 KiB and an fsync take`,
    `${figure(fsyncMs())} ms there.`,
  ].join(' '),
  columns: ['while', 'jobs', 'ms each', 'acks', 'p50 ms', 'p99 ms', 'max ms', 'p99 / quiet'],
  rows: outcomes.map((outcome) => [
    outcome.name,
    outcome.runs.length,
    meanMs(outcome.runs),
    outcome.tookMs.length,
    quantile(outcome.tookMs, 0.5),
    p99(outcome),
    quantile(outcome.tookMs, 1),
    p99(outcome) / quietP99,
  ]),
  plot: {
    kind: 'bars',
    title: 'p99 of acks while ...',
    unit: 'ms',
    bars: outcomes.map((outcome) => ({
      label: outcome.name,
      value: p99(outcome),
      isReference: outcome === quiet,
    })),
  },
});
process.exit();

function p99({ tookMs }: Outcome): number {
  return quantile(tookMs, 0.99);
}

function meanMs(runs: readonly Run[]): number {
  if (runs.length === 0) return 0;
  return runs.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0) / runs.length;
}

/** Loads the server for SECONDS, with `job` going on behind. */
async function under(name: string, job?: Job): Promise<Outcome> {
  const startMs = HISTORY_END_MS + DAY_MS + phases++ * WINDOW_MS;
  const runs: Run[] = [];
  const { acks } = await measure(varve, { ...LOAD, startMs }, async () => {
    const untilMs = Date.now() + SECONDS * 1000;
    while (job !== undefined && Date.now() < untilMs) {
      const fromMs = Date.now();
      await job.run(varve);
      runs.push({ fromMs, toMs: Date.now() });
      await wait(PAUSE_MS);
    }
  });
  return { name, runs, tookMs: job === undefined ? allOf(acks) : during(acks, runs) };
}

function allOf({ tookMs }: LoadResult['acks']): Float64Array {
  return Float64Array.from(tookMs).sort();
}

function during({ atMs, tookMs }: LoadResult['acks'], runs: readonly Run[]): Float64Array {
  const met = tookMs.filter((ms, i) => {
    return runs.some(({ fromMs, toMs }) => atMs[i]! >= fromMs && atMs[i]! - ms <= toMs);
  });
  return Float64Array.from(met).sort();
}

async function post({ http }: VarveTarget, path: string): Promise<void> {
  const answer = await fetch(http + path, { method: 'POST' });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
}

function countEverything(): string {
  const query = 'sum(count_over_time({service="telemetry"}[20d]))';
  const time = String(HISTORY_END_MS / 1000);
  return `/api/v1/query?${new URLSearchParams({ query, time })}`;
}

/** What is read is not looked at: the load and the server have two cores. */
async function scanEverything({ address }: VarveTarget): Promise<void> {
  const session = await openSession(address);
  const call = openCall(session, '/varve.v1.QueryService/ScanRange', () => {});
  const request = create(ScanRangeRequestSchema, {
    selectors: ['{service="telemetry"}'],
    startMs: BigInt(START_MS),
    endMs: BigInt(HISTORY_END_MS),
  });
  call.send(framed(toBinary(ScanRangeRequestSchema, request)));
  call.end();
  await call.finished;
  session.close();
}

async function exportEverything({ http }: VarveTarget): Promise<void> {
  const range = { start: String(START_MS / 1000), end: String(HISTORY_END_MS / 1000) };
  const query = new URLSearchParams({ 'match[]': '{service="telemetry"}', ...range });
  const answer = await fetch(`${http}/api/v1/export?${query}`);
  for await (const piece of answer.body!) if (piece.length === 0) break;
}
