// A random history of one engine. The seed decides all of it, so that a failure can be had again.

import * as assert from 'uvu/assert';
import { StorageError, toError } from '../../storage/errors.ts';
import type { SeriesPoints, WindowInfo } from '../../storage/index.ts';
import { createRng, type Rng } from '../sim/rng.ts';
import { satisfying } from '../support/naive-storage.ts';
import { EVERYTHING } from '../support/storage.ts';
import { POLICY_SETS, randomPlaces, TIERED_POLICY_SETS } from './places.ts';
import { askLists, askPoints, randomMatchers, randomRange } from './questions.ts';
import { Subject } from './subject.ts';
import { TierModel } from './tier-model.ts';

const STEPS = 40;

type Scan = AsyncIterator<readonly SeriesPoints[]>;

/**
 * Runs the history of `seed` and returns what was done; `tiered`, with policies that have tiers.
 * Throws with the seed and what was done until then when it goes wrong.
 */
export async function runHistory(
  seed: number,
  kind: 'plain' | 'tiered' = 'plain',
): Promise<readonly string[]> {
  const rng = createRng(seed);
  const log: string[] = [];
  const policies = (kind === 'tiered' ? TIERED_POLICY_SETS : POLICY_SETS)[0]!;
  const tiers = kind === 'tiered' ? new TierModel(policies) : undefined;
  const history = new History(new Subject(rng, policies), rng, log, tiers);
  try {
    await history.run();
    return log;
  } catch (thrown) {
    const error = toError(thrown);
    const lines = log.map((line, i) => `  ${i + 1}. ${line}`).join('\n');
    throw new Error(`SEED=${seed}, ${kind}: ${error.message}\n${lines}`, { cause: error });
  }
}

class History {
  readonly #subject: Subject;
  readonly #rng: Rng;
  readonly #log: string[];
  readonly #tiers: TierModel | undefined;
  /** Left open in the middle. */
  #scan: Scan | undefined;

  constructor(subject: Subject, rng: Rng, log: string[], tiers: TierModel | undefined) {
    this.#tiers = tiers;
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
      if (draw < 91 || this.#mayBeDoubted(name)) {
        await this.#say(`${way} in ${name}`, () => subject.crashDuring(step, way));
        await this.#subject.settle(this.#checkTiers());
      } else if (draw < 94) await this.#say(`full disk in ${name}`, () => subject.fillDuring(step));
      else await this.#say(`failure in ${name}`, () => subject.failDuring(step));
    }
  }

  /** Whether a failure would leave open what tiers have: what is refused may yet be carried out. */
  #mayBeDoubted(name: string): boolean {
    return this.#tiers !== undefined && /drop|delete|policies/.test(name);
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
    if (this.#tiers !== undefined && draw < 60) return ['roll up', () => this.#rollUp()];
    if (this.#tiers !== undefined && draw < 62) return ['drop of tiers', () => this.#dropTiers()];
    if (draw < (this.#tiers === undefined ? 62 : 65))
      return ['set policies', () => this.#setPolicies()];
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
    const windows = this.#windowsOfPoints().filter(() => this.#rng.chance(0.2));
    // What the memory holds meanwhile goes to the same directories.
    const flushed = this.#rng.chance(0.3) ? storage.flush() : undefined;
    const dropped = this.#dropped(windows, () => witness.drop(storage, windows));
    await Promise.allSettled([dropped, flushed]);
    await flushed;
    return windows.map(({ key }) => key).join(' ');
  }

  /** Series lose all their points between the moment they are resolved and the next point. */
  async #dropAndWrite(): Promise<string> {
    const { storage, witness } = this.#subject;
    await witness.flush(storage);
    const written = witness.write(storage, randomPlaces(this.#rng), async () => {
      const windows = this.#windowsOfPoints();
      await this.#dropped(windows, () => witness.drop(storage, windows));
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
    const erase = () => witness.delete(storage, matchers, range);
    const deleted =
      this.#tiers === undefined
        ? erase()
        : this.#tiers.deleting(range, satisfying(matchers), erase);
    const merged = this.#rng.chance(0.3) ? storage.compact() : undefined;
    await Promise.allSettled([deleted, merged]);
    await deleted;
    const texts = matchers.map(({ name, type, value }) => name + type + value);
    return `{${texts.join()}} ${range.startMs} .. ${range.endMs}`;
  }

  /** Of a tier those that a sweep would take, whose points are gone; and now and then others. */
  async #dropTiers(): Promise<string> {
    const { storage } = this.#subject;
    const windows = storage
      .windows()
      .filter(({ rollupMs }) => rollupMs !== undefined && this.#rng.chance(0.3));
    await this.#dropped(windows, () => storage.dropWindows(windows.map(({ key }) => key)));
    return windows.map(({ key }) => key).join(' ');
  }

  #windowsOfPoints(): WindowInfo[] {
    return this.#subject.storage.windows().filter(({ rollupMs }) => rollupMs === undefined);
  }

  #dropped(
    windows: readonly WindowInfo[],
    drop: () => Promise<readonly WindowInfo[]>,
  ): Promise<unknown> {
    return this.#tiers?.dropping(this.#subject.storage, windows, drop) ?? drop();
  }

  async #rollUp(): Promise<string> {
    const { storage } = this.#subject;
    if (this.#rng.chance(0.5)) await storage.flush();
    const { steps } = await storage.rollUp({ all: this.#rng.chance(0.8) });
    return `${steps} steps`;
  }

  async #clean(): Promise<void> {
    const { storage } = this.#subject;
    await storage.cleanTombstones();
    assert.is(storage.stats().tombstones, 0);
  }

  async #setPolicies(): Promise<void> {
    const { storage, witness } = this.#subject;
    await witness.flush(storage);
    const policies = this.#rng.pick(this.#tiers === undefined ? POLICY_SETS : TIERED_POLICY_SETS);
    const adopt = () => witness.setPolicies(storage, policies);
    await (this.#tiers?.changing(policies, adopt) ?? adopt());
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
    const contents = await witness.check(storage);
    await askPoints(storage, contents, this.#rng);
    // A series that has summaries alone is listed too, and its points are not among the contents.
    if (this.#tiers === undefined) await askLists(storage, contents, this.#rng);
    else await this.#tiers.check(storage);
  }

  /** After a crash, from which on one of the states that there may be holds. */
  async #checkTiers(): Promise<void> {
    await this.#tiers?.check(this.#subject.storage);
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
