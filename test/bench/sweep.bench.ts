// What expiry costs: ten policies, 100,000 series, 400 windows. How long a plan takes; how long the
// sweep that drops half of the windows, what it rewrites, and what acks of a real server have of
// it; and the same points deleted by key from LevelDB and SQLite.
//
//   --megabytes N    in the windows that go: 2048 unless it is said

import { randomFillSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createPolicySet, planSweep, type RetentionRules } from '../../retention/index.ts';
import { createNodeEnv, EventBuffer, openStorage, type Storage } from '../../storage/index.ts';
import { connect } from '../support/client.ts';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';
import { deleteFromLevel, deleteFromSqlite, type KeyedDelete } from './load/keyed-deletes.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { mountOf } from './support/mount.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';
import { quantile, shortestMs } from './support/timing.ts';

const MEGABYTES = numberOption('megabytes', 2048);
const POLICIES = 10;
const WINDOWS_EACH = 40;
const GOING_EACH = WINDOWS_EACH / 2;
const SERIES_EACH = 10_000;
/** A window has every fourth series of its policy, the next window the next ones. */
const SERIES_STRIDE = 4;
const HOUR_MS = 3_600_000;
const BODY_BYTES = 65_536;
/** Acks are counted for as long before the sweep as after its begin, ms. */
const LOAD_MS = 4000;
const BATCH_EVERY_MS = 4;

const nowMs = Date.now();
/** The newest window of each policy ends here. */
const lastEndMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;

endAfter(1200);
const dir = await tempDir();
const mount = mountOf(dir);
const dataDir = join(dir, 'data');
const planMs = await prepare();
const swept = await sweepUnderLoad();
const unlinkMs = await unlinksAlone(join(dir, 'files'));
const keyed = [
  await deleteFromLevel(join(dir, 'level'), pointsOf, POLICIES * WINDOWS_EACH),
  await deleteFromSqlite(join(dir, 'sqlite'), pointsOf, POLICIES * WINDOWS_EACH),
];
rmSync(dir, { recursive: true, force: true });
report();

function keepMs(isForever: boolean): number {
  return isForever ? Infinity : nowMs - (lastEndMs - GOING_EACH * HOUR_MS);
}

function rules(isForever: boolean): RetentionRules {
  const policies = Array.from({ length: POLICIES }, (_, i) => ({
    name: `p${i}`,
    matchers: i === POLICIES - 1 ? [] : [{ name: 'p', type: '=' as const, value: String(i) }],
    keepMs: keepMs(isForever),
    windowMs: HOUR_MS,
    bytesMax: Infinity,
  }));
  return { policies, bytesMax: Infinity };
}

function configText(isForever: boolean): string {
  const keep = isForever ? 'forever' : `${Math.floor(keepMs(false) / 1000)}s`;
  const policies = Array.from({ length: POLICIES }, (_, i) => {
    const match = i === POLICIES - 1 ? '{}' : `{p="${i}"}`;
    return `  - {name: p${i}, match: '${match}', keep: ${keep}, window: 1h}`;
  });
  return ['retention:', '  sweep_every: 1h', '  policies:', ...policies, ''].join('\n');
}

/** The start of a window, newest first, and the series that have a point in it. */
function windowAt(index: number) {
  const policy = index % POLICIES;
  const age = Math.floor(index / POLICIES);
  const startMs = lastEndMs - (age + 1) * HOUR_MS;
  const series = Array.from(
    { length: SERIES_EACH / SERIES_STRIDE },
    (_, i) => policy * SERIES_EACH + i * SERIES_STRIDE + (age % SERIES_STRIDE),
  );
  return { policy, startMs, series, isGoing: age >= GOING_EACH };
}

/** The points of window `index`, as (series, timestamp, value); of the half that goes, or not. */
function pointsOf(index: number) {
  const { startMs, series, isGoing } = windowAt(index);
  const points = series.map((one) => ({ series: one, timestampMs: startMs + one, value: one / 7 }));
  return { points, isGoing };
}

/** Writes everything; how long a plan takes over it, ms. */
async function prepare(): Promise<number> {
  const env = createNodeEnv(1);
  const storage = await openStorage(dataDir, env, {
    policies: createPolicySet(rules(true).policies),
    wal: { sync: 'os' },
  });
  try {
    const ids = await resolveAll(storage);
    for (let index = 0; index < POLICIES * WINDOWS_EACH; index++) {
      await fillWindow(storage, ids, index);
    }
    await storage.flush();
    const windows = storage.windows();
    const going = planSweep(windows, rules(false), nowMs).drops;
    if (going.length !== POLICIES * GOING_EACH) throw new Error(`${going.length} windows would go`);
    return shortestMs(5, () => planSweep(storage.windows(), rules(false), nowMs));
  } finally {
    await storage.close();
    await env.compute.close();
  }
}

async function resolveAll(storage: Storage): Promise<Uint32Array> {
  const labels = Array.from({ length: POLICIES * SERIES_EACH }, (_, i) => [
    { name: '__name__', value: 'reading' },
    { name: 'device', value: String(i) },
    { name: 'p', value: String(Math.floor(i / SERIES_EACH)) },
  ]);
  return storage.resolve(labels);
}

/** Its points; of one that goes, events of random text too, which make up the bytes. */
async function fillWindow(storage: Storage, ids: Uint32Array, index: number): Promise<void> {
  const { points, isGoing } = pointsOf(index);
  await storage.append({
    ids: Uint32Array.from(points, ({ series }) => ids[series]!),
    timestampsMs: Float64Array.from(points, ({ timestampMs }) => timestampMs),
    values: Float64Array.from(points, ({ value }) => value),
  });
  if (!isGoing) return;
  const bytes = (MEGABYTES * 2 ** 20) / (POLICIES * GOING_EACH);
  const body = new Uint8Array(BODY_BYTES);
  for (let i = 0; i * BODY_BYTES < bytes; i++) {
    const events = new EventBuffer();
    const { series, timestampMs } = points[i % points.length]!;
    events.add(ids[series]!, timestampMs, i, randomFillSync(body));
    await storage.appendEvents(events.columns());
  }
}

interface Swept {
  readonly sweepMs: number;
  readonly windows: number;
  readonly bytes: number;
  readonly rewrittenBytes: number;
  readonly before: Float64Array;
  readonly during: Float64Array;
}

async function sweepUnderLoad(): Promise<Swept> {
  const file = join(dir, 'varve.yaml');
  writeFileSync(file, configText(true));
  const varve = await startServer(dataDir, '--config', file, ...QUIET);
  try {
    const load = startLoad(varve);
    await load.run(LOAD_MS);
    const before = load.take();
    writeFileSync(file, configText(false));
    await varve.logged(/reload: changed/);
    const written = await rewritten(varve);
    load.take();
    const began = performance.now();
    const during = load.run(LOAD_MS);
    const response = await fetch(`${varve.http}/api/v1/admin/sweep`, { method: 'POST' });
    const { data } = (await response.json()) as { data: { dropped: { sizeBytes: number }[] } };
    const sweepMs = performance.now() - began;
    await during;
    return {
      sweepMs,
      windows: data.dropped.length,
      bytes: data.dropped.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      rewrittenBytes: (await rewritten(varve)) - written,
      before,
      during: load.take(),
    };
  } finally {
    await varve.stop();
  }
}

/** The bytes that the sweep lets go of, in a file a window, unlinked one after another, ms. */
async function unlinksAlone(filesDir: string): Promise<number> {
  await mkdir(filesDir);
  const files = Array.from({ length: swept.windows }, (_, i) => join(filesDir, String(i)));
  const content = randomFillSync(new Uint8Array(swept.bytes / swept.windows));
  for (const file of files) {
    await using handle = await open(file, 'w');
    await handle.writeFile(content);
    await handle.sync();
  }
  const began = performance.now();
  for (const file of files) await unlink(file);
  return performance.now() - began;
}

/** What flushes and merges have written since the start of the server. */
async function rewritten({ http }: VarveProcess): Promise<number> {
  const exposition = await (await fetch(`${http}/metrics`)).text();
  const counters = /^varve_(?:compaction_written|flush_written)_bytes_total(?:\{.*\})? (\S+)$/gm;
  const found = [...exposition.matchAll(counters)].map(([, value]) => Number(value));
  if (found.length === 0) throw new Error('the server does not tell what it writes');
  return found.reduce((sum, value) => sum + value, 0);
}

/** A batch every BATCH_EVERY_MS, whether or not the last was acknowledged; times of acks, ms. */
function startLoad({ grpc }: VarveProcess) {
  const client = connect(grpc);
  const labels = Array.from({ length: 100 }, (_, i) => [
    { name: '__name__', value: 'load' },
    { name: 'device', value: String(i) },
  ]);
  let sent = 0;
  let times: number[] = [];

  async function write(): Promise<void> {
    const timestampsMs = [BigInt(nowMs + sent++)];
    const series = labels.map((own) => ({ labels: own, timestampsMs, values: [sent] }));
    const beganMs = performance.now();
    await client.write({ series });
    times.push(performance.now() - beganMs);
  }

  return {
    async run(durationMs: number): Promise<void> {
      const endMs = performance.now() + durationMs;
      const pending: Promise<void>[] = [];
      for (let dueMs = performance.now(); dueMs < endMs; dueMs += BATCH_EVERY_MS) {
        const waitMs = Math.max(0, dueMs - performance.now());
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        pending.push(write());
      }
      await Promise.all(pending);
    },
    take(): Float64Array {
      const taken = Float64Array.from(times).sort();
      times = [];
      return taken;
    },
  };
}

function report(): void {
  const { sweepMs, windows, bytes, rewrittenBytes, before, during } = swept;
  const [p99Before, p99During] = [quantile(before, 0.99), quantile(during, 0.99)];
  const gigabytes = figure(bytes / 2 ** 30);
  writeReport({
    name: 'sweep',
    title: 'What expiry costs',
    headline: [
      `A sweep drops ${figure(windows)} windows with ${gigabytes} GiB in ${figure(sweepMs)} ms,`,
      `rewrites ${figure(rewrittenBytes)} bytes, and acks have a p99 of ${figure(p99During)} ms`,
      `around it (before: ${figure(p99Before)} ms).`,
    ].join(' '),
    about: [
      `${POLICIES} policies over ${figure(POLICIES * SERIES_EACH)} series and`,
      `${figure(POLICIES * WINDOWS_EACH)} windows of an hour; the half that goes has log events of`,
      `random bytes beside its points, which make up its size. All of it lies on ${mount}; where`,
      'blocks are discarded as they are freed, the disk decides how long an unlink takes, as the',
      'row of unlinks alone tells, one after another. A real server takes a batch of 100',
      `points every ${BATCH_EVERY_MS} ms over gRPC, each acknowledged after its fsync, for`,
      `${LOAD_MS / 1000} s before and for as long from the sweep on; then the policies' keep is`,
      'shortened by a reload and a sweep asked for over HTTP. Rewritten is what flushes and merges',
      'wrote meanwhile. The same points were put into LevelDB and SQLite, and the same half of',
      'them deleted there by key; what was written is that of the process, and no space is given',
      'back by then.',
    ].join(' '),
    columns: ['what', 'points', 'ms', 'bytes written'],
    rows: [
      [`plan of a sweep over ${figure(POLICIES * WINDOWS_EACH)} windows`, 0, planMs, 0],
      [`sweep: ${figure(windows)} windows`, keyed[0]!.points, sweepMs, rewrittenBytes],
      ['unlinks alone, of a file of the same bytes a window', 0, unlinkMs, 0],
      ...keyed.map(({ name, points, deleteMs, writtenBytes }: KeyedDelete) => {
        return [name, points, deleteMs, writtenBytes];
      }),
    ],
    notes: [
      `acks before the sweep: ${latencies(before)}`,
      `acks from its begin on: ${latencies(during)}`,
    ],
  });
}

function latencies(sorted: Float64Array): string {
  const of = (q: number) => figure(quantile(sorted, q));
  const count = figure(sorted.length);
  return `${count}, p50 ${of(0.5)} ms, p99 ${of(0.99)} ms, longest ${figure(sorted.at(-1)!)} ms`;
}
