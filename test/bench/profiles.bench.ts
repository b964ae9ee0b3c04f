// What `storage.profile` trades: write, read and space amplification of the three presets, on the
// same points and queries.

import { setTimeout as wait } from 'node:timers/promises';
import type { StorageStatus } from '../../deploy/http/storage-status.ts';
import { measure, startVarve, type VarveTarget } from './load/driver.ts';
import { type LoadJob, STEP_MS } from './load/job.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';
import { quantile } from './support/timing.ts';

const PROFILES = ['write_heavy', 'balanced', 'read_heavy'] as const;
const MILLIONS = numberOption('millions', 24);
const SERIES = 16_000;
const CLIENTS = 4;
const ROUNDS_PER_BATCH = 2;
const WINDOW_MS = 7_200_000;
const START_MS = Math.floor((Date.now() - 25 * 86_400_000) / WINDOW_MS) * WINDOW_MS;
const ROUNDS = Math.ceil((MILLIONS * 1e6) / SERIES / ROUNDS_PER_BATCH) * ROUNDS_PER_BATCH;
const POINTS = ROUNDS * SERIES;
/** A timestamp and a float64. */
const POINT_BYTES = 16;
const QUERIES = 200;
const HOUR_MS = 3_600_000;
const QUIET_LOOKS = 4;
const LOOK_MS = 250;

const LOAD: Omit<LoadJob, 'address'> = {
  method: 'stream',
  clients: CLIENTS,
  seriesPerClient: SERIES / CLIENTS,
  service: 'telemetry',
  startMs: START_MS,
  roundsPerBatch: ROUNDS_PER_BATCH,
  rounds: 90,
  inFlight: 4,
  pointsPerSecond: 0,
  secondsMax: 120,
  batchesMax: ROUNDS / ROUNDS_PER_BATCH,
};

interface Outcome {
  readonly profile: string;
  readonly pointsPerSecond: number;
  readonly tables: number;
  /** Bytes written per byte of points: so far, and once all is merged. */
  readonly write: number;
  readonly writeMerged: number;
  /** Of the latter, what is not the log. */
  readonly tablesWritten: number;
  readonly tablesPerQuery: number;
  /** Blocks read per block with an answer. */
  readonly read: number;
  readonly queryMs: number;
  /** Bytes of tables per byte of them merged. */
  readonly space: number;
}

endAfter(900);
const outcomes: Outcome[] = [];
for (const profile of PROFILES) outcomes.push(await measureProfile(profile));

writeReport({
  name: 'profiles',
  title: 'Profiles',
  headline: outcomes
    .map(({ profile, write, tablesPerQuery, space }) =>
      [
        `${profile} writes ${figure(write)} bytes a byte, reads ${figure(tablesPerQuery)} tables`,
        `a query and takes ${figure(space)} times the space`,
      ].join(' '),
    )
    .join('; ')
    .concat('.'),
  about: [
    `${figure(POINTS)} points of the mix, ${figure(SERIES)} series with a point every 10 s, in the`,
    'order of time and at full speed into `varve serve`, which has nothing set but',
    '`storage.profile`; flushed, and left until it merges nothing more by itself. *Write* is bytes',
    'written to log, tables and index per 16 bytes of a point; *merged* adds what it takes until',
    `every window is one table. *Reads* are ${QUERIES} queries for an hour of one series, at the`,
    'state before that: tables and blocks as /api/v1/status/storage counts them. *Space* is bytes',
    'of tables per byte of them merged, measured by merging them.',
  ].join(' '),
  columns: [
    'profile',
    'points/s',
    'tables',
    'write x',
    'write x, merged',
    'of it tables and index',
    'read: tables a query',
    'read: blocks a block used',
    'query p50 ms',
    'space x',
  ],
  rows: outcomes.map((outcome) => [
    outcome.profile,
    Math.round(outcome.pointsPerSecond),
    outcome.tables,
    outcome.write,
    outcome.writeMerged,
    outcome.tablesWritten,
    outcome.tablesPerQuery,
    outcome.read,
    outcome.queryMs,
    outcome.space,
  ]),
  plot: {
    kind: 'bars',
    title: 'Amplification',
    unit: 'times',
    bars: outcomes.flatMap(({ profile, writeMerged, tablesPerQuery, space }) => [
      { label: `${profile}: write`, value: writeMerged },
      { label: 'read: tables a query', value: tablesPerQuery, isReference: true },
      { label: 'space', value: space, isReference: true },
    ]),
  },
});
process.exit();

async function measureProfile(profile: string): Promise<Outcome> {
  const varve = await startVarve('--set', `storage.profile=${profile}`);
  try {
    const { points, seconds } = await measure(varve, LOAD);
    const rested = await atRest(varve);
    const before = await statusOf(varve);
    const queryMs = await askHours(varve);
    const after = await statusOf(varve);
    await post(varve, '/api/v1/admin/compact');
    const merged = await statusOf(varve);
    const outcome = {
      profile,
      pointsPerSecond: points / seconds,
      tables: rested.tables,
      write: rested.amplification.write!,
      writeMerged: merged.amplification.write!,
      tablesWritten: tableBytesWritten(merged) / (POINTS * POINT_BYTES),
      tablesPerQuery: (after.scanTables - before.scanTables) / QUERIES,
      read: (after.blocksRead - before.blocksRead) / (after.blocksUsed - before.blocksUsed),
      queryMs,
      space: rested.tableBytes / merged.tableBytes,
    };
    return outcome;
  } finally {
    await varve.stop();
  }
}

function tableBytesWritten(status: StorageStatus): number {
  const { flushBytesWritten, compactionBytesWritten, index } = status;
  return flushBytesWritten + compactionBytesWritten + index.bytesWritten;
}

/** The status once no merge has ended for a while. */
async function atRest(varve: VarveTarget): Promise<StorageStatus> {
  let status = await statusOf(varve);
  for (let quiet = 0; quiet < QUIET_LOOKS; ) {
    await wait(LOOK_MS);
    const now = await statusOf(varve);
    const isQuiet = now.compactionBytesRead === status.compactionBytesRead;
    quiet = isQuiet && now.compactions === status.compactions ? quiet + 1 : 0;
    status = now;
  }
  return status;
}

/** Hours of series, one after another over all of both; the median, ms. */
async function askHours(varve: VarveTarget): Promise<number> {
  const hours = Math.max(1, Math.floor((ROUNDS * STEP_MS) / HOUR_MS));
  const times = new Float64Array(QUERIES);
  for (let i = 0; i < QUERIES; i++) {
    const series = (i * 7919) % SERIES;
    const metric = `device_metric_${series % 10}`;
    const query = `count_over_time(${metric}{host="host-${Math.floor(series / 10)}"}[1h])`;
    const time = String((START_MS + (1 + (i % hours)) * HOUR_MS - 1) / 1000);
    const beganMs = performance.now();
    await post(varve, `/api/v1/query?${new URLSearchParams({ query, time })}`);
    times[i] = performance.now() - beganMs;
  }
  return quantile(times.sort(), 0.5);
}

async function statusOf(varve: VarveTarget): Promise<StorageStatus> {
  const answer = await post(varve, '/api/v1/status/storage', 'GET');
  return (answer as { readonly data: StorageStatus }).data;
}

async function post({ http }: VarveTarget, path: string, method = 'POST'): Promise<unknown> {
  const answer = await fetch(http + path, { method });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
