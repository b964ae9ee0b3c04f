// What a golden directory holds, and how the current version of the format is written: in a
// simulation, so that the same code writes the same bytes.

import {
  openStorage,
  type PolicySet,
  type Storage,
  type StorageOptions,
} from '../../storage/index.ts';
import type { MemoryFileSystem } from '../sim/memory-fs.ts';
import { createRng, type Rng } from '../sim/rng.ts';
import { createSimEnv } from '../sim/sim-env.ts';
import { appendEvents, scanLines, type TestEvent } from '../support/events.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import { contentsOf } from '../support/storage.ts';

/** Every point as [timestamp, value bits], by the labels' JSON. */
export type Contents = Map<string, [number, bigint][]>;

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);

const POLICIES: PolicySet = {
  policies: [
    { name: 'dev', keepMs: 24 * HOUR_MS, windowMs: HOUR_MS },
    { name: 'default', keepMs: Number.POSITIVE_INFINITY, windowMs: 2 * HOUR_MS },
  ],
  policyOf: (labels) => (labels.some(({ value }) => value === 'dev') ? 0 : 1),
};

export const GOLDEN_OPTIONS: StorageOptions = {
  policies: POLICIES,
  memtable: { bytesMax: 2 ** 20 },
  index: { levelZeroTables: 2, levelOneBytes: 2048, tableBytes: 1024 },
};

const SERIES = 40;

/** Values that only come back when every bit does: Prometheus's stale marker among them. */
const ODD_BITS = [
  0x7ff0000000000002n,
  0xfff8000000000001n,
  0x8000000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x0000000000000001n,
  0x7fefffffffffffffn,
];

export interface GoldenDirectory {
  readonly fs: MemoryFileSystem;
  /** Of all series, streams of events among them. */
  readonly contents: Contents;
  /** A line for each event, sorted. */
  readonly events: readonly string[];
}

/** Several flushes, a compacted tag index, a restart, and points that only the log has. */
export async function writeGoldenDirectory(): Promise<GoldenDirectory> {
  const { fs } = createSimEnv();
  const model = createNaiveStorage(POLICIES);
  const rng = createRng(1);
  const first = await openStorage('data', createSimEnv(fs), GOLDEN_OPTIONS);
  for (let flush = 0; flush < 3; flush++) {
    for (let batch = 0; batch < 3; batch++) await writeBatch(rng, [first, model]);
    await first.flush();
  }
  await first.compact();
  await first.close();
  const second = await openStorage('data', createSimEnv(fs), GOLDEN_OPTIONS);
  await writeBatch(rng, [second, model]);
  await second.flush();
  await writeBatch(rng, [second, model]);
  const found = fs.killClone();
  await second.close();
  return { fs: found, contents: await contentsOf(model), events: await sortedEvents(model) };
}

/** Lines of all events, in an order that has nothing to do with ids. */
export async function sortedEvents(storage: Storage): Promise<readonly string[]> {
  return (await scanLines(storage)).sort();
}

/** Regular, late, overwritten, negative and outermost points. */
async function writeBatch(rng: Rng, storages: readonly Storage[]): Promise<void> {
  const series = Array.from({ length: 20 }, () => rng.below(SERIES));
  const labelSets = series.flatMap((number) => [
    labelsOf(number),
    labelsOf(number),
    labelsOf(number),
  ]);
  const timestampsMs = Float64Array.from(labelSets, () => {
    if (rng.chance(0.01)) return rng.pick([-(2 ** 53), -1, 0, 2 ** 53]);
    return START_MS + rng.below(1000) * 10_000;
  });
  const bits = BigUint64Array.from(labelSets, () => rng.pick(ODD_BITS));
  const values = new Float64Array(bits.buffer);
  for (let i = 0; i < values.length; i++) {
    if (rng.chance(0.9)) values[i] = rng.below(10_000) / 100;
  }
  for (const storage of storages) {
    const ids = await storage.resolve(labelSets);
    await storage.append({ ids, timestampsMs, values });
  }
  const events = Array.from({ length: 20 }, () => randomEvent(rng));
  for (const storage of storages) await appendEvents(storage, events);
}

/** Some of them twice, several at one time, with bodies of any bytes. */
function randomEvent(rng: Rng): TestEvent {
  const stream = rng.below(4);
  const line = rng.below(50);
  const bodies = [`GET /item/${line} 200`, `"quoted part" ${line} ms`, `two\nlines ${line}`, ''];
  return {
    labels: [
      { name: 'env', value: stream === 0 ? 'dev' : 'prod' },
      { name: 'stream', value: `s${stream}` },
    ],
    timestampMs: START_MS + rng.below(100) * 60_000,
    nanos: rng.pick([0, 1, 999_999]),
    body: line === 7 ? Uint8Array.of(0, 255, 10) : bodies[line % 4]!,
    attributes: line % 5 > 0 ? [] : [{ name: 'trace', value: `é${line}` }],
  };
}

function labelsOf(number: number) {
  return [
    { name: '__name__', value: `metric_${number % 3}` },
    { name: 'env', value: number % 4 === 0 ? 'dev' : 'prod' },
    { name: 'host', value: number % 5 === 0 ? `höst-${number} "\\\n` : `host-${number}` },
  ];
}
