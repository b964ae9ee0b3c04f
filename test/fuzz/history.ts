// A random history of one engine. The seed decides all of it, so that a failure can be had again.

import * as assert from 'uvu/assert';
import { StorageError, toError } from '../../storage/errors.ts';
import type { SeriesPoints } from '../../storage/index.ts';
import { createRng, type Rng } from '../sim/rng.ts';
import { EVERYTHING } from '../support/storage.ts';
import { POLICY_SETS, randomPlaces } from './places.ts';
import { askQuestions, randomMatchers, randomRange } from './questions.ts';
import { Subject } from './subject.ts';

const STEPS = 40;

type Scan = AsyncIterator<readonly SeriesPoints[]>;

/**
 * Runs the history of `seed` and returns what was done. Throws with the seed and what was done
 * until then when it goes wrong.
 */
export async function runHistory(seed: number): Promise<readonly string[]> {
  const rng = createRng(seed);
  const log: string[] = [];
  const history = new History(new Subject(rng), rng, log);
  try {
    await history.run();
    return log;
  } catch (thrown) {
    const error = toError(thrown);
    const lines = log.map((line, i) => `  ${i + 1}. ${line}`).join('\n');
    throw new Error(`SEED=${seed}: ${error.message}\n${lines}`, { cause: error });
  }
}

class History {
  readonly #subject: Subject;
  readonly #rng: Rng;
  readonly #log: string[];
  /** Left open in the middle. */
  #scan: Scan | undefined;

  constructor(subject: Subject, rng: Rng, log: string[]) {
    this.#subject = subject;
    this.#rng = rng;
    this.#log = log;
  }

  async run(): Promise<void> {
    await this.#subject.open();
    for (let step = 0; step < STEPS; step++) await this.#step();
    await this.#say('check', () => this.#check());
    this.#scan = undefined;
    await this.#say('restart', () => this.#restart());
  }

  async #step(): Promise<void> {
    const rng = this.#rng;
    const subject = this.#subject;
    const draw = rng.below(100);
    if (draw < 70) await this.#say(...this.#calmStep(draw));
    else if (draw < 76) await this.#say('restart', () => this.#restart());
    else if (draw < 78) await this.#say('kill', () => this.#crash('kill'));
    else if (draw < 80) await this.#say('cut', () => this.#crash('cut'));
    else {
      const [name, step] = this.#calmStep(rng.below(66));
      this.#scan = undefined;
      const way = rng.pick(['kill', 'cut'] as const);
      if (draw < 91) await this.#say(`${way} in ${name}`, () => subject.crashDuring(step, way));
      else if (draw < 94) await this.#say(`full disk in ${name}`, () => subject.fillDuring(step));
      else await this.#say(`failure in ${name}`, () => subject.failDuring(step));
    }
  }

  #calmStep(draw: number): [name: string, step: () => Promise<unknown>] {
    const subject = this.#subject;
    const { witness } = subject;
    if (draw < 31) return ['write', () => this.#write()];
    if (draw < 39) return ['flush', () => witness.flush(subject.storage)];
    if (draw < 42) return ['compact', () => subject.storage.compact()];
    if (draw < 44) return ['snapshot', () => subject.checkSnapshot()];
    if (draw < 47) return ['drop', () => this.#drop()];
    if (draw < 49) return ['drop and write again', () => this.#dropAndWrite()];
    if (draw < 56) return ['delete', () => this.#delete()];
    if (draw < 58) return ['clean', () => this.#clean()];
    if (draw < 62) return ['set policies', () => this.#setPolicies()];
    if (draw < 66) return ['scan a part', () => this.#scanPart()];
    return ['check', () => this.#check()];
  }

  async #say(name: string, step: () => Promise<unknown>): Promise<void> {
    this.#log.push(name);
    const outcome = await this.#subject.settle(step());
    if (typeof outcome === 'string') this.#log.push(`  ${outcome}`);
  }

  async #write(): Promise<string> {
    const { storage, witness } = this.#subject;
    const batches = Array.from({ length: 1 + this.#rng.below(4) }, () => randomPlaces(this.#rng));
    const written = batches.map((places) => witness.write(storage, places));
    const outcomes = await Promise.allSettled(written);
    if (outcomes.some(isRefused)) return 'refused, as compaction is behind';
    await Promise.all(written);
    return `${batches.map((places) => places.length).join(' + ')} points`;
  }

  async #drop(): Promise<string> {
    const { storage, witness } = this.#subject;
    if (this.#rng.chance(0.8)) await witness.flush(storage);
    const windows = storage.windows().filter(() => this.#rng.chance(0.2));
    // What the memory holds meanwhile goes to the same directories.
    const flushed = this.#rng.chance(0.3) ? storage.flush() : undefined;
    await Promise.allSettled([witness.drop(storage, windows), flushed]);
    await flushed;
    return windows.map(({ key }) => key).join(' ');
  }

  /** Series lose all their points between the moment they are resolved and the next point. */
  async #dropAndWrite(): Promise<string> {
    const { storage, witness } = this.#subject;
    await witness.flush(storage);
    const written = witness.write(storage, randomPlaces(this.#rng), async () => {
      await witness.drop(storage, storage.windows());
      // Time passes meanwhile, and the series are forgotten.
      for (let left = this.#rng.below(4); left > 0; left--) await storage.compact();
    });
    const [outcome] = await Promise.allSettled([written]);
    if (!isForgotten(outcome!)) await written;
    return isForgotten(outcome!) ? 'refused, as a series was forgotten' : 'written';
  }

  async #delete(): Promise<string> {
    const { storage, witness } = this.#subject;
    const matchers = randomMatchers(this.#rng);
    const range = randomRange(this.#rng);
    const deleted = witness.delete(storage, matchers, range);
    const merged = this.#rng.chance(0.3) ? storage.compact() : undefined;
    await Promise.allSettled([deleted, merged]);
    await deleted;
    const texts = matchers.map(({ name, type, value }) => name + type + value);
    return `{${texts.join()}} ${range.startMs} .. ${range.endMs}`;
  }

  async #clean(): Promise<void> {
    const { storage } = this.#subject;
    await storage.cleanTombstones();
    assert.is(storage.stats().tombstones, 0);
  }

  async #setPolicies(): Promise<void> {
    const { storage, witness } = this.#subject;
    await witness.flush(storage);
    await witness.setPolicies(storage, this.#rng.pick(POLICY_SETS));
  }

  /** Begins a scan, or reads on in one that was left open, or ends it early. */
  async #scanPart(): Promise<void> {
    const begun = this.#scan;
    this.#scan ??= this.#subject.storage
      .scan({ selectors: [[]], ...EVERYTHING })
      [Symbol.asyncIterator]();
    if (begun !== undefined && this.#rng.chance(0.5)) {
      this.#scan = undefined;
      await begun.return?.();
    } else await this.#scan.next();
  }

  async #check(): Promise<void> {
    const { storage, witness } = this.#subject;
    await askQuestions(storage, await witness.check(storage), this.#rng);
  }

  async #restart(): Promise<void> {
    await this.#subject.restart();
    await this.#check();
  }

  async #crash(way: 'kill' | 'cut'): Promise<void> {
    this.#scan = undefined;
    await this.#subject.crash(way);
  }
}

function isForgotten(outcome: PromiseSettledResult<void>): boolean {
  if (outcome.status === 'fulfilled') return false;
  return outcome.reason instanceof StorageError && /forgotten/.test(outcome.reason.message);
}

/** What a writer is told to send again later; some of it may have been taken. */
function isRefused(outcome: PromiseSettledResult<void>): boolean {
  if (outcome.status === 'fulfilled') return false;
  const { reason } = outcome;
  return reason instanceof StorageError && reason.code === 'RESOURCE_EXHAUSTED';
}
