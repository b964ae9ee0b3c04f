// Uses a storage whose policy has tiers, and knows from the points alone what steps must answer.

import * as assert from 'uvu/assert';
import { createQueryEngine } from '../../query/engine.ts';
import { DEFAULT_LIMITS } from '../../query/index.ts';
import type { PolicySet, Storage, TimeRange } from '../../storage/index.ts';
import type { Rng } from '../sim/rng.ts';
import { appendPoints, labels } from './storage.ts';

const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
const FINE_MS = 15 * MINUTE_MS;
/** A whole hour before the simulated time begins; points are written in so many hours from it. */
export const START_MS = Math.floor(1_700_000_000_000 / HOUR_MS - 6) * HOUR_MS;
const HOURS = 5;
export const TIER_SERIES = ['a', 'b'] as const;
type Name = (typeof TIER_SERIES)[number];

/** The fine tier has windows of an hour, so that they can go; the other one has a single window. */
export const TIERED: PolicySet = {
  policies: [
    {
      ...{ name: 'default', keepMs: HOUR_MS, windowMs: HOUR_MS },
      rollups: [
        { everyMs: FINE_MS, keepMs: 12 * HOUR_MS },
        { everyMs: HOUR_MS, keepMs: Number.POSITIVE_INFINITY },
      ],
    },
  ],
  policyOf: () => 0,
};

/** What was acknowledged; never changed, but replaced. */
export interface TierModel {
  /** All that were not deleted, by series, then by time. */
  readonly points: ReadonlyMap<Name, ReadonlyMap<number, number>>;
  /** Windows of points that end by then were dropped. */
  readonly pointsFromMs: number;
  /** And those of the fine tier. */
  readonly fineFromMs: number;
}

const NOTHING: TierModel = {
  points: new Map(TIER_SERIES.map((name) => [name, new Map()])),
  pointsFromMs: START_MS,
  fineFromMs: START_MS,
};

const FUNCTIONS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  count: ({ length }) => length,
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
};

/** The questions that a model with these times can answer, in order. */
function* questions(fineFromMs: number) {
  for (const widthMs of [FINE_MS, HOUR_MS]) {
    const fromMs = widthMs === FINE_MS ? fineFromMs : START_MS;
    // The first points are on the border of a step before all windows.
    const steps = { startMs: fromMs, endMs: START_MS + HOURS * HOUR_MS, stepMs: widthMs };
    if (fromMs > START_MS) steps.startMs += widthMs;
    for (const name of Object.keys(FUNCTIONS)) yield { name, steps };
  }
}

async function answers(storage: Storage, fineFromMs: number): Promise<string> {
  const engine = createQueryEngine(storage, DEFAULT_LIMITS);
  const lines: string[] = [];
  for (const { name, steps } of questions(fineFromMs)) {
    const query = `${name}_over_time(m[${steps.stepMs / MINUTE_MS}m])`;
    const { value } = await engine.range(query, steps);
    for (const own of value.kind === 'vector' ? value.series : []) {
      const cells = Array.from(own.values, (v, i) => (own.present[i] === 1 ? v : '-'));
      const series = own.labels.find((label) => label.name === 'series')!.value;
      lines.push(`${query} ${series}: ${cells.join(' ')}`);
    }
  }
  return lines.sort().join('\n');
}

function expected({ points }: TierModel, fineFromMs: number): string {
  const lines: string[] = [];
  for (const { name, steps } of questions(fineFromMs)) {
    const { startMs, endMs, stepMs } = steps;
    for (const [series, own] of points) {
      const cells: (number | string)[] = [];
      for (let atMs = startMs; atMs <= endMs; atMs += stepMs) {
        const inStep = [...own].filter(([timeMs]) => timeMs > atMs - stepMs && timeMs <= atMs);
        const values = inStep.map(([, value]) => value);
        cells.push(values.length === 0 ? '-' : FUNCTIONS[name]!(values));
      }
      if (cells.every((cell) => cell === '-')) continue;
      lines.push(`${name}_over_time(m[${stepMs / MINUTE_MS}m]) ${series}: ${cells.join(' ')}`);
    }
  }
  return lines.sort().join('\n');
}

export class TierWitness {
  storage: Storage;
  readonly #rng: Rng;
  #models: readonly TierModel[];

  constructor(storage: Storage, rng: Rng, models: readonly TierModel[] = [NOTHING]) {
    this.storage = storage;
    this.#rng = rng;
    this.#models = models;
  }

  /** What may be found now: two while something is under way that makes a difference. */
  get models(): readonly TierModel[] {
    return this.#models;
  }

  get #model(): TierModel {
    return this.#models.at(-1)!;
  }

  /** Points of new values every 5 minutes of [fromMs, untilMs), each counted from the start. */
  async write(name: Name, fromMs: number, untilMs: number): Promise<void> {
    const written = new Map<number, number>();
    for (let timeMs = START_MS + fromMs; timeMs < START_MS + untilMs; timeMs += 5 * MINUTE_MS) {
      written.set(timeMs, this.#rng.below(1000));
    }
    const own = new Map([...this.#model.points.get(name)!, ...written]);
    const batch = Array.from(written, ([timestampMs, value]) => ({
      ...{ labels: labels('m', name), timestampMs, value },
    }));
    await this.#change(pointsWith(this.#model, name, own), () => appendPoints(this.storage, batch));
  }

  /** From START_MS, as `write`. Where points were dropped, whole steps only. */
  async delete(name: Name, { startMs, endMs }: TimeRange): Promise<void> {
    const range = { startMs: START_MS + startMs, endMs: START_MS + endMs };
    const isLeft = (timeMs: number) => timeMs < range.startMs || timeMs >= range.endMs;
    const own = new Map([...this.#model.points.get(name)!].filter(([timeMs]) => isLeft(timeMs)));
    const matcher = { name: 'series', type: '=', value: name } as const;
    await this.#change(pointsWith(this.#model, name, own), () =>
      this.storage.deletePoints([[matcher]], range),
    );
  }

  /** Windows of points that end by `beforeMs`, from START_MS. */
  async dropPoints(beforeMs: number): Promise<void> {
    const pointsFromMs = Math.max(START_MS + beforeMs, this.#model.pointsFromMs);
    await this.#change({ pointsFromMs }, () => this.#drop(undefined, pointsFromMs));
  }

  async dropFine(beforeMs: number): Promise<void> {
    const fineFromMs = Math.max(START_MS + beforeMs, this.#model.fineFromMs);
    await this.#change({ fineFromMs }, () => this.#drop(FINE_MS, fineFromMs));
  }

  /** Holds what is found against the models; the one that it is counts from now on. */
  async check(): Promise<void> {
    const fineFromMs = Math.max(...this.#models.map((model) => model.fineFromMs));
    const found = await answers(this.storage, fineFromMs);
    const one = this.#models.find((model) => expected(model, fineFromMs) === found);
    if (one === undefined) assert.is(found, expected(this.#models[0]!, fineFromMs));
    this.#models = [{ ...one!, fineFromMs }];
    const { pointsFromMs } = one!;
    const back = this.storage.windows().filter(({ rollupMs, endMs }) => {
      return rollupMs === undefined && endMs > START_MS && endMs <= pointsFromMs;
    });
    assert.equal(back, [], 'windows that were dropped');
  }

  async #change(change: Partial<TierModel>, work: () => Promise<unknown>): Promise<void> {
    const after = { ...this.#model, ...change };
    this.#models = [this.#model, after];
    await work();
    this.#models = [after];
  }

  #drop(widthMs: number | undefined, beforeMs: number) {
    const windows = this.storage.windows();
    const old = windows.filter(({ rollupMs, endMs }) => rollupMs === widthMs && endMs <= beforeMs);
    return this.storage.dropWindows(old.map(({ key }) => key));
  }
}

function pointsWith({ points }: TierModel, name: Name, own: ReadonlyMap<number, number>) {
  return { points: new Map([...points, [name, own] as const]) };
}
