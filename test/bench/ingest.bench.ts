// Points in over gRPC: how many a second, for how much CPU, and how long an ack takes; through the
// whole server, through its ingest room alone, and through bare grpc-js.

import { type Measured, measure, startBare, startVarve, type VarveTarget } from './load/driver.ts';
import { type LoadJob, STEP_MS } from './load/job.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { fsyncMs } from './support/fsync.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';
import { leastDisturbed } from './support/stolen.ts';

type Load = Omit<LoadJob, 'address'>;

interface Outcome extends Measured {
  readonly name: string;
  readonly load: Load;
  /** Points a second of bare grpc-js with the same messages. */
  readonly ceiling?: number;
  readonly flushes?: number;
  /** Mean time of an fsync of the WAL. */
  readonly syncMs?: number;
  /** Share of the cores' time that the host took meanwhile. */
  readonly stolen?: number;
}

const SECONDS = numberOption('seconds', 30);
/** Before each load, for the compiler: some three CPU-seconds of its work come once. */
const WARM_UP_SECONDS = numberOption('warm-up', 5);
const WINDOW_MS = 7_200_000;
const DAY_MS = 86_400_000;
/** The first points lie this far back: days of samples are sent in seconds. */
const HISTORY_MS = 25 * DAY_MS;

const STREAM: Load = {
  method: 'stream',
  clients: 4,
  seriesPerClient: numberOption('series', 4_000) / 4,
  service: 'telemetry',
  startMs: Math.floor((Date.now() - HISTORY_MS) / WINDOW_MS) * WINDOW_MS,
  roundsPerBatch: 8,
  rounds: WINDOW_MS / STEP_MS,
  inFlight: 4,
  pointsPerSecond: 0,
  secondsMax: SECONDS,
  batchesMax: 0,
};
const UNARY: Load = {
  ...STREAM,
  method: 'unary',
  seriesPerClient: 5_000,
  roundsPerBatch: 1,
  rounds: 360,
  inFlight: 1,
  secondsMax: SECONDS / 3,
};

endAfter(600 + 8 * (SECONDS + WARM_UP_SECONDS));
const bareStream = await onBare('bare', 'bare grpc-js, columns', STREAM);
const bareUnary = await onBare('bare', 'bare grpc-js, unary', UNARY);
const roomStream = await onBare('discard', 'ingest room alone, columns', STREAM);
const roomUnary = await onBare('discard', 'ingest room alone, unary', UNARY);
const stream = await onVarve('varve, columns', STREAM);
const half = await onVarve('varve, columns at half the rate', {
  ...STREAM,
  pointsPerSecond: perSecond(stream) / 2,
});
const unary = await onVarve('varve, unary', UNARY);
const outcomes: readonly Outcome[] = [
  { ...stream, ceiling: perSecond(bareStream) },
  half,
  { ...unary, ceiling: perSecond(bareUnary) },
  { ...roomStream, ceiling: perSecond(bareStream) },
  { ...roomUnary, ceiling: perSecond(bareUnary) },
  bareStream,
  bareUnary,
];

const figures = {
  stream: `${figure(perSecond(stream) / 1e6)} million points/s`,
  cpu: `${perMillion(stream, stream.serverCpuSeconds).toFixed(3)} server CPU-seconds per million`,
  ack: `p99 of an ack at half that rate ${figure(half.ackMs.p99)} ms`,
  unary: `unary ${figure(perSecond(unary))} points/s`,
};
writeReport({
  name: 'ingest',
  title: 'Points in over gRPC',
  headline: `${figures.stream} at ${figures.cpu}; ${figures.ack}; ${figures.unary}.`,
  about: [
    '`varve serve` runs as users run it: a process of its own, the default config (`wal.sync:',
    'group`: an ack follows an fsync), its data on the disk of the temporary directory, where 4',
    `KiB and an fsync take ${figure(fsyncMs())} ms. The load comes from one other process on the`,
    `same machine. *Columns* are ${STREAM.clients} \`WriteStream\` calls, each with`,
    `${figure(STREAM.seriesPerClient)} series of its own, ${figure(pointsPerBatch(STREAM))} points`,
    `a batch, one every 10 s of each series; at full speed ${STREAM.inFlight} batches of a stream`,
    `wait for their ack. *Unary* is ${UNARY.clients} callers, each writing one point of each of`,
    `${figure(pointsPerBatch(UNARY))} self-contained series of its own, call after call. Values`,
    'are those of ten metrics a host (four gauges of two decimals, two full doubles, three',
    'counters with resets, one nearly constant) and do not repeat within a window. Server CPU is',
    'that of all its threads from the first batch until everything is flushed to tables. At full',
    'speed an ack counts from when its batch is sent, at a fixed rate from when the batch is due.',
    `Each load runs for ${figure(WARM_UP_SECONDS)} s at full speed before it is measured.`,
  ].join(' '),
  columns: [
    'load',
    'points/s',
    'of bare grpc-js',
    'server CPU s / million',
    'client CPU s / million',
    'peak RSS MiB',
    'ack p50 ms',
    'ack p99 ms',
    'ack max ms',
    'flushes',
    'mean fsync ms',
    'stolen',
    'seconds',
  ],
  rows: outcomes.map((outcome) => [
    outcome.name,
    Math.round(perSecond(outcome)),
    outcome.ceiling === undefined ? '' : percent(perSecond(outcome) / outcome.ceiling),
    perMillion(outcome, outcome.serverCpuSeconds),
    perMillion(outcome, outcome.cpuSeconds),
    outcome.serverPeakMib,
    outcome.ackMs.p50,
    outcome.ackMs.p99,
    outcome.ackMs.max,
    outcome.flushes === undefined ? '' : figure(outcome.flushes),
    outcome.syncMs === undefined ? '' : figure(outcome.syncMs),
    outcome.stolen === undefined ? '' : percent(outcome.stolen),
    outcome.seconds,
  ]),
  notes: [
    'Bare grpc-js answers every message without looking at it: the ceiling for any server on Node.',
    'The ingest room alone decodes, checks and looks series up, and stores nothing.',
    [
      'Stolen is the share of the time that the host of the virtual machine took. A load on varve',
      'during which it took over 2% runs again, four times at most; the run that lost the least',
      'counts.',
    ].join(' '),
  ],
  plot: {
    kind: 'line',
    title: 'varve, columns: points acknowledged each second',
    unit: 'points',
    step: 'second',
    values: stream.pointsBySecond,
  },
});

async function onVarve(name: string, load: Load): Promise<Outcome> {
  const { result, stolen } = await leastDisturbed(() => measureVarve(name, load));
  return { ...result, stolen };
}

async function measureVarve(name: string, load: Load): Promise<Omit<Outcome, 'stolen'>> {
  const target = await startVarve();
  try {
    const warmUp = await measure(target, warmUpOf(load));
    const before = await workOf(target);
    const measured = await measure(target, load);
    await mustHaveStored(target, warmUp.points + measured.points);
    const after = await workOf(target);
    const syncs = after.syncs - before.syncs;
    return {
      ...measured,
      name,
      load,
      flushes: after.flushes - before.flushes,
      syncMs: ((after.syncSeconds - before.syncSeconds) * 1000) / syncs,
    };
  } finally {
    await target.stop();
  }
}

/** What the server has done since its start. */
async function workOf({ metric }: VarveTarget) {
  return {
    flushes: await metric('varve_flushes_total'),
    syncs: await metric('varve_wal_sync_duration_seconds_count'),
    syncSeconds: await metric('varve_wal_sync_duration_seconds_sum'),
  };
}

/** The same series in windows before, at full speed: the compiler has done its work after it. */
function warmUpOf(load: Load): Load {
  const startMs = load.startMs - 2 * DAY_MS;
  return { ...load, startMs, pointsPerSecond: 0, secondsMax: WARM_UP_SECONDS };
}

async function mustHaveStored(target: VarveTarget, points: number): Promise<void> {
  const stored = await target.metric('varve_ingest_points_total');
  const rejected = await target.metric('varve_ingest_rejected_points_total');
  if (stored >= points && rejected === 0) return;
  throw new Error(`${points} points were sent, ${stored} stored, ${rejected} rejected`);
}

async function onBare(mode: 'bare' | 'discard', name: string, load: Load): Promise<Outcome> {
  const target = await startBare(mode);
  try {
    await measure(target, warmUpOf(load));
    return { ...(await measure(target, { ...load, secondsMax: SECONDS / 3 })), name, load };
  } finally {
    await target.stop();
  }
}

function pointsPerBatch({ seriesPerClient, roundsPerBatch }: Load): number {
  return seriesPerClient * roundsPerBatch;
}

function perSecond({ points, seconds }: Measured): number {
  return points / seconds;
}

function perMillion({ points }: Measured, amount: number): number {
  return (amount * 1e6) / points;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
