// The engine under test with all that a history does to it from outside: restarts, kills, power
// cuts, operations that fail, time that passes.

import { setImmediate as turn } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import {
  type CompactionOptions,
  openStorage,
  type PolicySet,
  restoreSnapshot,
  type Storage,
  type StorageOptions,
} from '../../storage/index.ts';
import { type OperationKind, PowerCut, SystemError } from '../sim/memory-fs.ts';
import type { Rng } from '../sim/rng.ts';
import { createSimEnv } from '../sim/sim-env.ts';
import { contentsOf } from '../support/storage.ts';
import { Witness } from '../support/witness.ts';

/** Never so many operations in one step that a fault set for it is still ahead at its end. */
const FAULT_WITHIN = 40;
const STEP_MS = 500;
/** Of simulated time: longer than any timer of the engine that a step may wait for. */
const STEP_TURNS_MAX = 200;

export class Subject {
  readonly witness: Witness;
  readonly #rng: Rng;
  #env = createSimEnv();
  #storage: Storage | undefined;
  #snapshots = 0;

  constructor(rng: Rng, policies: PolicySet) {
    this.#rng = rng;
    this.witness = new Witness(policies);
  }

  get storage(): Storage {
    return this.#storage!;
  }

  /** Opens what the directory has, under limits drawn anew. */
  async open(): Promise<void> {
    const options = { ...randomOptions(this.#rng), policies: this.witness.policies };
    this.#storage = await this.settle(openStorage('data', this.#env, options));
  }

  /** Waits for `action` while time passes; one that never ends is a failure. */
  async settle<Result>(action: Promise<Result>): Promise<Result> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    action.then(done, done);
    for (let turns = 0; turns < STEP_TURNS_MAX; turns++) {
      await turn();
      if (settled) return action;
      this.#env.time.advance(STEP_MS);
    }
    throw new Error('something never ends');
  }

  /** Closes and opens again: then there is no file that nobody needs. */
  async restart(): Promise<void> {
    await this.settle(this.storage.close());
    await this.open();
    // A merge that the opening began has files of its own until it ends.
    for (let turns = 0; turns < STEP_TURNS_MAX && (await this.#strayFiles()) !== 0; turns++) {
      await turn();
      this.#env.time.advance(STEP_MS);
    }
    assert.is(await this.#strayFiles(), 0);
  }

  /** How many tables the disk has beyond those that the storage knows of, or lacks. */
  async #strayFiles(): Promise<number> {
    const points = await this.#countFiles('data/windows', '.sst');
    const events = await this.#countFiles('data/windows', '.evt');
    const indexTables = await this.#countFiles('data/tag-index', '.idx');
    const { tables, index } = this.storage.stats();
    const known = index.levels.reduce((total, level) => total + level.tables, 0);
    return Math.abs(points + events - tables) + Math.abs(indexTables - known);
  }

  /** What is restored from a snapshot is what the storage has. */
  async checkSnapshot(): Promise<void> {
    const number = ++this.#snapshots;
    await this.storage.snapshot(`data/snapshots/${number}`);
    const contents = await contentsOf(this.storage);
    await restoreSnapshot(`data/snapshots/${number}`, `restored/${number}`, this.#env);
    const restored = await openStorage(`restored/${number}`, this.#env);
    assert.equal(await contentsOf(restored), contents);
    await restored.close();
  }

  /** The process is killed, or the power cut, and what is found then is held against the ledger. */
  async crash(way: 'kill' | 'cut'): Promise<void> {
    const found = way === 'kill' ? this.#env.fs.killClone() : this.#env.fs.crashClone(this.#rng);
    this.#env = createSimEnv(found);
    await this.open();
    await this.settle(this.witness.checkFound(this.storage));
  }

  /** Does `step`, in the middle of which the process is killed or the power cut. */
  async crashDuring(step: () => Promise<unknown>, way: 'kill' | 'cut'): Promise<void> {
    const { fs } = this.#env;
    this.#hook((operations) => {
      if (operations === 0) throw new PowerCut();
    });
    const outcome = await this.settle(step()).catch((error: unknown) => error);
    fs.onOperation = undefined;
    refuseBug(outcome);
    await this.crash(way);
  }

  /** Does `step`, in which one operation fails, or the disk is full; then waits for writes. */
  async failDuring(step: () => Promise<unknown>): Promise<string> {
    const code = this.#rng.pick(['EIO', 'ENOSPC']);
    const written = this.#rng.below(100);
    let failed = 'nothing';
    this.#hook((operations, kind, path) => {
      if (operations !== 0) return;
      failed = `${kind} ${path}`;
      throw new SystemError(code, path, kind === 'append' ? written : 0);
    });
    const outcome = await this.#faulty(step);
    this.#env.fs.onOperation = undefined;
    refuseBug(outcome);
    await this.#awaitWrites();
    return `${code} at ${failed}`;
  }

  /** Does `step` while the disk has hardly any room; then waits for writes to be taken again. */
  async fillDuring(step: () => Promise<unknown>): Promise<void> {
    const { fs } = this.#env;
    fs.capacityBytes = (await this.#usedBytes()) + this.#rng.below(5000);
    const outcome = await this.#faulty(step);
    fs.capacityBytes = Number.POSITIVE_INFINITY;
    refuseBug(outcome);
    await this.#awaitWrites();
  }

  /** The outcome of `step`, in which the disk fails. */
  async #faulty(step: () => Promise<unknown>): Promise<unknown> {
    this.witness.isDiskFaulty = true;
    const outcome = await this.settle(step()).catch((error: unknown) => error);
    this.witness.isDiskFaulty = false;
    return outcome;
  }

  async #countFiles(path: string, ending: string): Promise<number> {
    let count = 0;
    for (const name of await this.#env.fs.list(path)) {
      if (name.endsWith(ending)) count++;
      else count += await this.#countFiles(`${path}/${name}`, ending);
    }
    return count;
  }

  /** Counts down to an operation drawn at random. */
  #hook(at: (operationsLeft: number, kind: OperationKind, path: string) => void): void {
    let left = this.#rng.below(FAULT_WITHIN);
    this.#env.fs.onOperation = (_, kind, path) => at(left--, kind, path);
  }

  /** The storage mends by itself, once the disk lets it. */
  async #awaitWrites(): Promise<void> {
    for (let turns = 0; turns < STEP_TURNS_MAX; turns++) {
      if (!this.storage.stats().readOnly) return;
      await turn();
      this.#env.time.advance(STEP_MS);
    }
    throw new Error('writes are refused for ever');
  }

  async #usedBytes(): Promise<number> {
    const { fs } = this.#env;
    fs.capacityBytes = Number.MAX_SAFE_INTEGER;
    return Number.MAX_SAFE_INTEGER - (await fs.freeBytes('data'));
  }
}

/** Faults of the disk may reach the caller; programmer errors are nobody's to expect. */
function refuseBug(outcome: unknown): void {
  const isBug = outcome instanceof TypeError || outcome instanceof RangeError;
  if (isBug || (outcome instanceof Error && /assert/i.test(outcome.name))) throw outcome;
}

function randomOptions(rng: Rng): StorageOptions {
  return {
    memtable: { bytesMax: rng.pick([24 * 40, 24 * 150, 24 * 2000]), sealedMax: 1 + rng.below(3) },
    index: {
      levelZeroTables: 1 + rng.below(4),
      levelOneBytes: rng.pick([500, 3000]),
      levelRatio: rng.pick([2, 10]),
      tableBytes: rng.pick([300, 2000]),
    },
    compaction: randomCompaction(rng),
    series: { cacheBytes: rng.pick([0, 5000, 2 ** 20]), forgetGraceMs: rng.pick([0, 2000]) },
    blockCacheBytes: rng.pick([0, 1000, 2 ** 20]),
    reserveBytes: rng.pick([0, 10_000]),
  };
}

function randomCompaction(rng: Rng): CompactionOptions {
  const fanIn = 2 + rng.below(3);
  const slowdownTables = fanIn + rng.below(4);
  return {
    rate: rng.pick(['auto', 20_000]),
    fanIn,
    slowdownTables,
    stopTables: slowdownTables + 1 + rng.below(4),
    quietMs: rng.pick([0, 5000]),
    lateShare: rng.pick([0, 0.5]),
    inputBytesMax: rng.pick([2000, 2 ** 30]),
    jobPoints: rng.pick([1, 10, 1000]),
  };
}
