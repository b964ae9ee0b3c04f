// Everything that an engine does to its files, cut short before every single operation: by a power
// cut, by a kill, by a power cut right after a restart, by one in the middle of it. What is opened
// then holds what was acknowledged and nothing that was not sent, and goes on from there.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  openStorage,
  type PolicySet,
  type Storage,
  type StorageOptions,
} from '../../storage/index.ts';
import { type MemoryFileSystem, PowerCut } from '../sim/memory-fs.ts';
import { createRng, type Rng } from '../sim/rng.ts';
import { createSimEnv } from '../sim/sim-env.ts';
import type { LedgerEvent } from '../support/ledger.ts';
import { labels } from '../support/storage.ts';
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

const OPTIONS: StorageOptions = {
  memtable: { bytesMax: 24 * 256 },
  index: { levelZeroTables: 2, levelOneBytes: 1024, tableBytes: 512 },
};

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

async function firstRun(storage: Storage, witness: Witness): Promise<void> {
  await Promise.all([
    witness.write(storage, places(0, 12, [0, 1])),
    witness.write(storage, places(6, 12, [1, 5])),
    witness.write(storage, places(12, 12, [0])),
  ]);
  await witness.flush(storage);
  await witness.write(storage, places(0, 20, [0]));
  await witness.write(storage, places(24, 20, [-1, 5]));
  await witness.flush(storage);
  await witness.write(storage, places(44, 8, [0, 4]));
  await witness.flush(storage);
  await storage.compact();
  const [, second] = storage.windows();
  await witness.drop(storage, [second!]);
  await witness.write(storage, places(0, 6, [0, 1]));
  await witness.flush(storage);
  await witness.setPolicies(storage, OTHER_POLICIES);
  // More than a memtable takes: it is sealed and flushed while writes go on.
  await Promise.all([0, 1, 2, 3].map((i) => witness.write(storage, places(i * 30, 30, [0, 2, 6]))));
}

async function secondRun(storage: Storage, witness: Witness): Promise<void> {
  await witness.write(storage, places(100, 30, [0, 2]));
  await witness.flush(storage);
  const old = storage.windows().filter(({ policy, endMs }) => policy.keepMs < endMs);
  await witness.drop(storage, old);
  await witness.write(storage, places(110, 30, [2, 3]));
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
  await secondRun(storage, witness);
  const { index, flushes } = storage.stats();
  assert.ok(index.compactions > 0 || flushes > 0);
  await storage.close();
  return moments;
}

/** What is found after one of the ways to go down. */
async function goDown({ killed, policies }: Moment, way: number, rng: Rng) {
  if (way === 0) return killed.killClone();
  const cut = killed.crashClone(rng);
  if (way === 1) return cut;
  // Down once more, during the restart or in the first calls after it.
  const found = way === 2 ? cut : killed.killClone();
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

/** Opens what is found and holds it against the ledger, uses it, and opens it once more. */
async function survive(moment: Moment, way: number, rng: Rng): Promise<void> {
  const env = createSimEnv(await goDown(moment, way, rng));
  const witness = new Witness(moment.policies, moment.events);
  const bytesMax = rng.chance(0.5) ? 24 * 64 : 24 * 256;
  const options = { ...OPTIONS, memtable: { bytesMax }, policies: moment.policies };
  let storage = await openStorage('data', env, options);
  await witness.checkFound(storage);
  const first = rng.below(100);
  await witness.write(storage, places(first, 20, [0, 3]));
  await witness.flush(storage);
  await witness.write(storage, places(first + 5, 20, [3]));
  await witness.check(storage);
  if (rng.chance(0.5)) await storage.close();
  else env.fs.onOperation = () => { throw new PowerCut() };
  const next = createSimEnv(env.fs.crashClone(rng));
  storage = await openStorage('data', next, options);
  await witness.check(storage);
  await storage.close();
}

const WAYS = ['killed', 'cut', 'cut twice', 'killed, then cut'];

crash('at every operation', async () => {
  const moments = await record();
  const startMs = performance.now();
  let rounds = 0;
  let lastRoundMs = 0;
  do {
    const roundStartMs = performance.now();
    for (const moment of moments) {
      const seed = moment.operation * 1000 + rounds;
      // The first round has every way at every moment.
      const ways = rounds === 0 ? [0, 1, 2, 3] : [1 + (seed % 3)];
      for (const way of ways) {
        await survive(moment, way, createRng(seed)).catch((error: Error) => {
          error.message = `operation ${moment.operation}, ${WAYS[way]}, seed ${seed}: ${error.message}`;
          throw error;
        });
      }
    }
    rounds++;
    lastRoundMs = performance.now() - roundStartMs;
  } while (performance.now() - startMs + lastRoundMs < BUDGET_MS);
  console.log(`${moments.length} moments, ${rounds} rounds, ${Math.round(performance.now()-startMs)} ms`);
});

crash.run();
