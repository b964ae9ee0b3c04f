// Everything that an engine does to its files, cut short before every single operation: by a power
// cut, by a kill, by a power cut right after a restart, by one in the middle of it. What is opened
// then holds what was acknowledged and nothing that was not sent, and goes on from there.

import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toError } from '../../storage/errors.ts';
import {
  type Matcher,
  openStorage,
  type PolicySet,
  type Storage,
  type StorageOptions,
  verifySnapshot,
} from '../../storage/index.ts';
import { type MemoryFileSystem, PowerCut } from '../sim/memory-fs.ts';
import { createRng, type Rng } from '../sim/rng.ts';
import { createSimEnv } from '../sim/sim-env.ts';
import type { LedgerEvent } from '../support/ledger.ts';
import { EVERYTHING, labels } from '../support/storage.ts';
import { type Place, Witness } from '../support/witness.ts';

const crash = suite('crash/every-operation');

const HOUR_MS = 3_600_000;
/** One round over all operations is always made; more follow while there is time. */
const BUDGET_MS = 12_000;

const POLICIES: PolicySet = {
  policies: [
    { name: 'dev', keepMs: HOUR_MS, windowMs: HOUR_MS },
    { name: 'default', keepMs: Number.POSITIVE_INFINITY, windowMs: 4 * HOUR_MS },
  ],
  policyOf: (ofSeries) => (ofSeries[0]!.value === 'dev' ? 0 : 1),
};
/** The same series, but those of dev in windows of another width. */
const OTHER_POLICIES: PolicySet = {
  ...POLICIES,
  policies: [{ name: 'dev', keepMs: HOUR_MS, windowMs: 2 * HOUR_MS }, POLICIES.policies[1]!],
};

/** 64 points of 24 B, beside the least that a memtable takes for ids. */
const MEMTABLE_BYTES = 4096 + 24 * 64;
const OPTIONS: StorageOptions = {
  memtable: { bytesMax: MEMTABLE_BYTES },
  index: { levelZeroTables: 2, levelOneBytes: 1024, tableBytes: 512 },
  compaction: { jobPoints: 40 },
  series: { cacheBytes: 4096, forgetGraceMs: 0 },
};

const SNAPSHOT = 'data/snapshots/one';

/** What the machine has on its disk before one operation, and what it was told by then. */
interface Moment {
  readonly operation: number;
  readonly events: readonly LedgerEvent[];
  readonly policies: PolicySet;
  readonly killed: MemoryFileSystem;
}

/** Places in `hours`, of `count` series from `first` on, of both policies. */
function places(first: number, count: number, hours: readonly number[]): Place[] {
  return Array.from({ length: count }, (_, i) => first + i).flatMap((series) =>
    hours.map((hour) => ({
      labels: labels(series % 2 === 0 ? 'dev' : 'prod', `series-${series}`),
      timestampMs: hour * HOUR_MS + series,
    })),
  );
}

function ofSeries(value: string): Matcher[] {
  return [{ name: 'series', type: '=~', value }];
}

function ofMetric(value: string): Matcher[] {
  return [{ name: '__name__', type: '=', value }];
}

async function firstRun(storage: Storage, witness: Witness): Promise<void> {
  await Promise.all([
    witness.write(storage, places(0, 8, [0, 1])),
    witness.write(storage, places(4, 8, [1])),
    witness.write(storage, places(8, 8, [0])),
  ]);
  await witness.flush(storage);
  await witness.write(storage, places(0, 20, [0]));
  await witness.flush(storage);
  await storage.compact();
  const [, second] = storage.windows();
  await witness.drop(storage, [second!]);
  // Of tables alone, of memory as well, of all that a window has.
  await witness.delete(storage, ofSeries('series-[135]'), EVERYTHING);
  await witness.write(storage, places(0, 6, [0]));
  await witness.delete(storage, ofSeries('series-[3579]'), { startMs: 2, endMs: HOUR_MS });
  await witness.delete(storage, ofMetric('dev'), { startMs: 0, endMs: HOUR_MS });
  await witness.write(storage, places(0, 4, [-1, 1]));
  await witness.flush(storage);
  await storage.snapshot(SNAPSHOT);
  await witness.setPolicies(storage, OTHER_POLICIES);
  // More than a memtable takes: it is sealed and flushed while writes go on.
  await Promise.all([0, 1, 2].map((i) => witness.write(storage, places(i * 15, 20, [0, 2]))));
}

/** `wait` lets series be forgotten that the drop left without a point; some are written again. */
async function secondRun(
  storage: Storage,
  witness: Witness,
  wait: () => Promise<void>,
): Promise<void> {
  await witness.write(storage, places(50, 20, [0, 2]));
  await witness.flush(storage);
  const old = storage.windows().filter(({ policy, endMs }) => policy.keepMs < endMs);
  await witness.drop(storage, old);
  await wait();
  await witness.delete(storage, ofSeries('series-.[02468]'), { startMs: 0, endMs: HOUR_MS });
  await storage.cleanTombstones();
  await storage.compact();
  await witness.write(storage, places(55, 20, [2]));
  await witness.delete(storage, ofSeries('series-5.'), { startMs: 2 * HOUR_MS, endMs: 1e15 });
  await witness.write(storage, places(40, 20, [0]));
}

/** Lives through both runs, with a clean restart between, and remembers every moment of it. */
async function record(): Promise<Moment[]> {
  const env = createSimEnv();
  const witness = new Witness(POLICIES);
  const moments: Moment[] = [];
  env.fs.onOperation = (operation, kind) => {
    // A read changes nothing: the moment is that of the operation after it.
    if (['list', 'size', 'open', 'read', 'closeReadable', 'closeWritable'].includes(kind)) return;
    const { events, policies } = witness;
    moments.push({ operation, events: [...events], policies, killed: env.fs.killClone() });
  };
  let storage = await openStorage('data', env, { ...OPTIONS, policies: witness.policies });
  await firstRun(storage, witness);
  await storage.close();
  storage = await openStorage('data', env, { ...OPTIONS, policies: witness.policies });
  await secondRun(storage, witness, async () => {
    for (let seconds = 0; seconds < 5; seconds++) {
      env.time.advance(1000);
      for (let turns = 0; turns < 20; turns++) await turn();
    }
  });
  assert.ok(storage.stats().seriesForgotten > 0, 'series are forgotten');
  assert.ok(storage.stats().index.compactions > 0, 'the workload compacts the index');
  assert.ok(storage.stats().compactions > 0, 'the workload compacts windows');
  assert.ok(storage.stats().deletes > 0, 'the workload deletes');
  await storage.close();
  return moments;
}

const WAYS = ['cut', 'killed', 'cut twice', 'killed, then cut'] as const;
type Way = (typeof WAYS)[number];

/** What is found after going down, once or twice. */
async function goDown({ killed, policies }: Moment, way: Way, rng: Rng): Promise<MemoryFileSystem> {
  if (way === 'cut') return killed.crashClone(rng);
  if (way === 'killed') return killed.killClone();
  // The second time is during the restart.
  const found = way === 'cut twice' ? killed.crashClone(rng) : killed.killClone();
  const env = createSimEnv(found);
  const cutAt = rng.below(60);
  found.onOperation = (index) => {
    if (index === cutAt) throw new PowerCut();
  };
  await openStorage('data', env, { ...OPTIONS, policies })
    .then((storage) => storage.close())
    .catch(() => undefined);
  return found.crashClone(rng);
}

/**
 * Opens what is found and holds it against the ledger; if it `goesOn`, writes more and opens that
 * once more.
 */
async function survive(moment: Moment, way: Way, goesOn: boolean, rng: Rng): Promise<void> {
  const env = createSimEnv(await goDown(moment, way, rng));
  const witness = new Witness(moment.policies, moment.events);
  const bytesMax = rng.chance(0.5) ? MEMTABLE_BYTES : MEMTABLE_BYTES / 4;
  const options = { ...OPTIONS, memtable: { bytesMax }, policies: moment.policies };
  let storage = await openStorage('data', env, options);
  await witness.checkFound(storage);
  // The start removes one that is not whole.
  if ((await env.fs.list(SNAPSHOT)).length > 0) await verifySnapshot(SNAPSHOT, env);
  if (!goesOn) return;
  const first = rng.below(60);
  await witness.write(storage, places(first, 10, [0]));
  if (rng.chance(0.5)) await witness.flush(storage);
  await witness.write(storage, places(first + 5, 10, [0]));
  if (rng.chance(0.5)) await storage.close();
  storage = await openStorage('data', createSimEnv(env.fs.crashClone(rng)), options);
  await witness.check(storage);
}

/**
 * Cuts at every moment and, at every fourth, goes down in one of the other ways as well. At every
 * fifth it goes on from there.
 */
async function goRound(moments: readonly Moment[], round: number): Promise<void> {
  for (const [i, moment] of moments.entries()) {
    const seed = moment.operation * 1000 + round;
    const turn = i + round;
    const ways: Way[] = turn % 4 === 0 ? ['cut', WAYS[1 + ((turn / 4) % 3)]!] : ['cut'];
    for (const way of ways) {
      await survive(moment, way, turn % 5 === 0, createRng(seed)).catch((cause: unknown) => {
        const place = `operation ${moment.operation}, ${way}, seed ${seed}`;
        throw new Error(`${place}: ${toError(cause).message}`, { cause });
      });
    }
  }
}

crash('at every operation', async () => {
  const moments = await record();
  const startMs = performance.now();
  let round = 0;
  while (round === 0 || ((performance.now() - startMs) * (round + 1)) / round < BUDGET_MS) {
    await goRound(moments, round++);
  }
  console.log(`${moments.length} operations, ${round} rounds`);
});

crash.run();
