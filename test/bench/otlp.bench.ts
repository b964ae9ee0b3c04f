// Points in over OTLP/gRPC: how many a second, and for how much CPU.

import { type Measured, measure, startVarve } from './load/driver.ts';
import type { LoadJob } from './load/job.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { fsyncMs } from './support/fsync.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';

type Load = Omit<LoadJob, 'address'>;

const SECONDS = numberOption('seconds', 30);
const WARM_UP_SECONDS = numberOption('warm-up', 5);
const WINDOW_MS = 7_200_000;
const DAY_MS = 86_400_000;
const SERIES = numberOption('series', 5_000);

const LOAD: Load = {
  method: 'otlp',
  clients: 4,
  seriesPerClient: SERIES,
  service: 'telemetry',
  startMs: Math.floor((Date.now() - 25 * DAY_MS) / WINDOW_MS) * WINDOW_MS,
  roundsPerBatch: 1,
  rounds: 360,
  inFlight: 1,
  pointsPerSecond: 0,
  secondsMax: SECONDS,
  batchesMax: 0,
};

endAfter(120 + SECONDS + WARM_UP_SECONDS);
const otlp = await run();
const perSecond = otlp.points / otlp.seconds;
const cpuPerMillion = (otlp.serverCpuSeconds * 1e6) / otlp.points;
const cpu = `${cpuPerMillion.toFixed(3)} server CPU-seconds per million`;
writeReport({
  name: 'otlp',
  title: 'Points in over OTLP/gRPC',
  headline: `${figure(perSecond)} points/s at ${cpu}.`,
  about: [
    '`varve serve` runs on the default config (`wal.sync: group`: an answer follows an fsync), in',
    `a process of its own; 4 KiB and an fsync take ${figure(fsyncMs())} ms here. The load is`,
    `that of one other process: ${LOAD.clients} callers of MetricsService/Export, each with`,
    `${figure(SERIES)} series of its own and a request for one point of each, call after call. A`,
    'request is what a collector sends: a resource for every host, ten metrics in each, gauges and',
    'cumulative sums by turns, ten points of two attributes in a metric. Server CPU is that of all',
    'its threads from the first request until everything is flushed to tables.',
  ].join(' '),
  columns: [
    'points/s',
    'server CPU s / million',
    'client CPU s / million',
    'peak RSS MiB',
    'answer p50 ms',
    'answer p99 ms',
    'seconds',
  ],
  rows: [
    [
      Math.round(perSecond),
      cpuPerMillion,
      (otlp.cpuSeconds * 1e6) / otlp.points,
      otlp.serverPeakMib,
      otlp.ackMs.p50,
      otlp.ackMs.p99,
      otlp.seconds,
    ],
  ],
});

async function run(): Promise<Measured> {
  const target = await startVarve();
  try {
    const warmUp = { secondsMax: WARM_UP_SECONDS, startMs: LOAD.startMs - 2 * DAY_MS };
    await measure(target, { ...LOAD, ...warmUp });
    const measured = await measure(target, LOAD);
    const rejected = await target.metric('varve_ingest_rejected_points_total');
    if (rejected > 0) throw new Error(`${rejected} points were rejected`);
    return measured;
  } finally {
    await target.stop();
  }
}
