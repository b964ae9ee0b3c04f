// Tiers when the power is cut or the program killed, before operations all over a workload: steps
// answer as acknowledged points did, whatever was summarised, dropped or deleted by then. No window
// goes without its summary, and nothing that was dropped or deleted comes back.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toError } from '../../storage/errors.ts';
import { openStorage, type StorageOptions } from '../../storage/index.ts';
import type { MemoryFileSystem } from '../sim/memory-fs.ts';
import { createRng } from '../sim/rng.ts';
import { createSimEnv } from '../sim/sim-env.ts';
import { HOUR_MS, TIERED, type TierModel, TierWitness } from '../support/tier-witness.ts';

const crash = suite('crash/rollups');

const MINUTE_MS = 60_000;
const OPTIONS: StorageOptions = { policies: TIERED, series: { forgetGraceMs: 0 } };
/** All operations take minutes. A round has one of so many, the next round others. */
const STRIDE = 211;
/** One round is always made; more follow while there is time, at most to where all were had. */
const BUDGET_MS = 4_000;

interface Moment {
  readonly operation: number;
  /** As before what is under way, and as after it. */
  readonly models: readonly TierModel[];
  readonly killed: MemoryFileSystem;
}

/** Windows are summarised, and again after late points and a delete; the oldest go. */
async function firstRun(witness: TierWitness): Promise<void> {
  const { storage } = witness;
  await witness.write('a', 0, 2 * HOUR_MS);
  await witness.write('b', 0, 2 * HOUR_MS);
  await storage.flush();
  await storage.rollUp({ all: true });
  await witness.write('a', 40 * MINUTE_MS, 80 * MINUTE_MS);
  await storage.flush();
  await witness.delete('b', { startMs: 50 * MINUTE_MS + 1, endMs: 100 * MINUTE_MS });
  await storage.rollUp({ all: true });
  // The first of them is the last of the window before; it is in memory when that one goes.
  await witness.write('a', 2 * HOUR_MS, 4 * HOUR_MS);
  await storage.compact();
  await witness.dropPoints(2 * HOUR_MS);
  await witness.write('b', 2.5 * HOUR_MS, 3.5 * HOUR_MS);
}

/** What was never summarised goes, and what was: deletes reach it, merges and drops too. */
async function secondRun(witness: TierWitness): Promise<void> {
  const { storage } = witness;
  await witness.delete('a', { startMs: 1, endMs: HOUR_MS + 1 });
  await storage.cleanTombstones();
  await storage.flush();
  await witness.delete('a', { startMs: 2.2 * HOUR_MS, endMs: 2.4 * HOUR_MS });
  await witness.dropPoints(3 * HOUR_MS);
  await storage.compact();
  await witness.dropFine(HOUR_MS);
  await witness.write('b', 3.25 * HOUR_MS, 4 * HOUR_MS);
}

async function record(): Promise<Moment[]> {
  const env = createSimEnv();
  const moments: Moment[] = [];
  const witness = new TierWitness(await openStorage('data', env, OPTIONS), createRng(1));
  env.fs.onOperation = (operation, kind) => {
    // A read changes nothing: the moment is that of the operation after it.
    if (['list', 'size', 'open', 'read', 'closeReadable', 'closeWritable'].includes(kind)) return;
    moments.push({ operation, models: witness.models, killed: env.fs.killClone() });
  };
  await firstRun(witness);
  await witness.check();
  await witness.storage.close();
  witness.storage = await openStorage('data', env, OPTIONS);
  await secondRun(witness);
  await witness.check();
  await witness.storage.close();
  return moments;
}

/** Opens what is found, goes on with it until all is summarised and dropped, and opens it again. */
async function survive({ killed, models }: Moment, seed: number): Promise<void> {
  const rng = createRng(seed);
  const env = createSimEnv(rng.chance(0.75) ? killed.crashClone(rng) : killed.killClone());
  const witness = new TierWitness(await openStorage('data', env, OPTIONS), rng, models);
  await witness.check();
  if (rng.chance(0.5)) await witness.storage.rollUp({ all: true });
  await witness.check();
  await witness.write('b', 4 * HOUR_MS, 4.5 * HOUR_MS);
  await witness.storage.flush();
  await witness.dropPoints(4 * HOUR_MS);
  await witness.check();
  if (rng.chance(0.5)) await witness.storage.close();
  witness.storage = await openStorage('data', createSimEnv(env.fs.crashClone(rng)), OPTIONS);
  await witness.check();
  await witness.storage.close();
}

async function goRound(moments: readonly Moment[], round: number): Promise<void> {
  for (const moment of moments.filter((_, i) => i % STRIDE === (round * 37) % STRIDE)) {
    const seed = moment.operation * 1000 + round;
    await survive(moment, seed).catch((cause: unknown) => {
      const place = `operation ${moment.operation}, seed ${seed}`;
      throw new Error(`${place}: ${toError(cause).message}`, { cause });
    });
  }
}

crash('at operations all over', async () => {
  const moments = await record();
  const startMs = performance.now();
  let round = 0;
  do await goRound(moments, round++);
  while (round < STRIDE && ((performance.now() - startMs) * (round + 1)) / round < BUDGET_MS);
  assert.ok(moments.length > STRIDE);
  console.log(`${moments.length} operations, ${round} rounds`);
});

crash.run();
