// What tiers must answer, from what the storage had of points when their windows were dropped. The
// points that there are, the ledger answers for.

import * as assert from 'uvu/assert';
import { createQueryEngine } from '../../query/engine.ts';
import { DEFAULT_LIMITS } from '../../query/index.ts';
import type { Labels, PolicySet, Storage, TimeRange, WindowInfo } from '../../storage/index.ts';
import { contentsOf } from '../support/storage.ts';
import { STREAM_LABEL } from '../support/witness.ts';
import { HOUR_MS } from './places.ts';

/** By time. */
type Points = ReadonlyMap<number, number>;

/** By the JSON of the labels of a series. */
type SeriesPoints = ReadonlyMap<string, Points>;

/** Never changed, but replaced. */
interface TierState {
  /** What steps have of windows that were dropped. */
  readonly gone: SeriesPoints;
  /** By policy, the end of what was dropped. */
  readonly goneMs: readonly number[];
  /** All such ends there were: whether a late point was put to its step is not known of these. */
  readonly ends: ReadonlySet<number>;
}

const QUERIES = ['count', 'sum'].map(
  (name) => `${name}_over_time({job!="",${STREAM_LABEL.name}=""}[1h])`,
);
const RANGE = { startMs: -24 * HOUR_MS, endMs: 24 * HOUR_MS, stepMs: HOUR_MS };

export class TierModel {
  readonly #policies: PolicySet;
  /** Those that may hold: two after a crash. */
  #states: readonly TierState[];

  constructor(policies: PolicySet) {
    this.#policies = policies;
    const goneMs = policies.policies.map(() => Number.NEGATIVE_INFINITY);
    this.#states = [{ gone: new Map(), goneMs, ends: new Set() }];
  }

  /** Does `drop`, after which the points of those of `windows` that it gives are gone. */
  async dropping(
    storage: Storage,
    windows: readonly WindowInfo[],
    drop: () => Promise<readonly WindowInfo[]>,
  ): Promise<void> {
    const points = await pointsOf(storage);
    const before = this.#states;
    this.#states = [...before, ...before.map((state) => this.#dropped(state, points, windows))];
    const dropped = await drop();
    this.#states = before.map((state) => this.#dropped(state, points, dropped));
  }

  /** Does `erase`, which deletes a range of the series that `isMeant` is true of. */
  async deleting(
    range: TimeRange,
    isMeant: (labels: Labels) => boolean,
    erase: () => Promise<unknown>,
  ): Promise<void> {
    const after = this.#states.map(({ gone, ...state }) => {
      const left = Array.from(gone, ([key, points]): [string, Points] => {
        if (!isMeant(JSON.parse(key) as Labels)) return [key, points];
        const isLeft = (timeMs: number) =>
          stepOf(timeMs) + HOUR_MS < range.startMs || stepOf(timeMs) + 1 >= range.endMs;
        return [key, new Map([...points].filter(([timeMs]) => isLeft(timeMs)))];
      });
      return { ...state, gone: new Map(left) };
    });
    this.#states = [...this.#states, ...after];
    await erase();
    this.#states = after;
  }

  /** Asks for every hour, and holds the answers against what there may be. */
  async check(storage: Storage): Promise<void> {
    const found = await answers(storage);
    const points = await pointsOf(storage);
    const expected = this.#states.map((state) => this.#expected(state, points));
    const left = this.#states.filter((_, i) => found(expected[i]!) === textOf(expected[i]!));
    if (left.length === 0) assert.is(found(expected[0]!), textOf(expected[0]!));
    this.#states = left.slice(0, 1);
  }

  #dropped(state: TierState, points: SeriesPoints, windows: readonly WindowInfo[]): TierState {
    const goneMs = this.#policies.policies.map(({ name }, policy) =>
      windows
        .filter((window) => window.policy.name === name)
        .reduce((latest, { endMs }) => Math.max(latest, endMs), state.goneMs[policy]!),
    );
    const gone = new Map(state.gone);
    for (const [key, own] of points) {
      const policy = this.#policyOf(key);
      const before = state.goneMs[policy]!;
      const known = gone.get(key) ?? new Map<number, number>();
      const added = [...own].filter(
        ([timeMs]) =>
          timeMs <= goneMs[policy]! &&
          timeMs >= before &&
          (timeMs > before || isBeside(known, timeMs)),
      );
      if (goneMs[policy]! > before) gone.set(key, new Map([...known, ...added]));
    }
    return { gone, goneMs, ends: new Set([...state.ends, ...goneMs]) };
  }

  #expected({ gone, goneMs, ends }: TierState, points: SeriesPoints): Expected {
    const steps: Answers = new Map();
    const open = new Set<string>();
    for (const key of new Set([...gone.keys(), ...points.keys()])) {
      const known = gone.get(key) ?? new Map<number, number>();
      const seen = new Map(known);
      for (const [timeMs, value] of points.get(key) ?? []) {
        const goneAtMs = goneMs[this.#policyOf(key)]!;
        const isLate = timeMs <= goneAtMs && isBeside(known, timeMs);
        if (timeMs > goneAtMs || isLate) seen.set(timeMs, value);
        // It lies inside as soon as the step has the point at its end.
        const endMs = stepOf(timeMs) + HOUR_MS;
        if (isLate && timeMs < endMs && ends.has(endMs)) open.add(`${seriesName(key)} ${endMs}`);
      }
      for (const [timeMs, value] of seen) {
        const endMs = stepOf(timeMs) + HOUR_MS;
        const place = `${seriesName(key)} ${endMs}`;
        const [count = 0, sum = 0] = steps.get(place) ?? [];
        steps.set(place, [count + 1, sum + value]);
      }
    }
    return { steps, ends, open };
  }

  #policyOf(key: string): number {
    return this.#policies.policyOf(JSON.parse(key) as Labels);
  }
}

/** The start of the step that has the time. */
function stepOf(timeMs: number): number {
  return Math.ceil(timeMs / HOUR_MS - 1) * HOUR_MS;
}

/** Whether no point of the step that has the time is before it, or none after it. */
function isBeside(known: Points, timeMs: number): boolean {
  const times = [...known.keys()].filter((other) => stepOf(other) === stepOf(timeMs));
  return times.every((other) => other < timeMs) || times.every((other) => other > timeMs);
}

async function pointsOf(storage: Storage): Promise<SeriesPoints> {
  const points = new Map<string, Points>();
  for (const [key, own] of await contentsOf(storage)) {
    if ((JSON.parse(key) as Labels).some(({ name }) => name === STREAM_LABEL.name)) continue;
    const values = new Float64Array(BigUint64Array.from(own, ([, bits]) => bits).buffer);
    points.set(key, new Map(own.map(([timeMs], i) => [timeMs, values[i]!])));
  }
  return points;
}

/** By series and end of a step: count, sum. */
type Answers = Map<string, readonly number[]>;

interface Expected extends Pick<TierState, 'ends'> {
  readonly steps: Answers;
  /** Of these it is not known. */
  readonly open: ReadonlySet<string>;
}

/** What `answers` are beyond what is not known: a line for each step. */
function textOf({ ends, open, steps }: Expected, answers = steps): string {
  return [...answers]
    .filter(([place]) => !open.has(place))
    .map(([place, [count, sum]]) => {
      return `${place}: ${count}${ends.has(Number(place.split(' ')[1])) ? '' : ` ${sum}`}`;
    })
    .sort()
    .join('\n');
}

async function answers(storage: Storage): Promise<(expected: Expected) => string> {
  const engine = createQueryEngine(storage, DEFAULT_LIMITS);
  const found: Answers = new Map();
  for (const query of QUERIES) {
    const { value } = await engine.range(query, RANGE);
    for (const { labels, values, present } of value.kind === 'vector' ? value.series : []) {
      const name = labels.find((label) => label.name === 'series')!.value;
      for (const [i, one] of values.entries()) {
        if (present[i] !== 1) continue;
        const key = `${name} ${RANGE.startMs + i * HOUR_MS}`;
        found.set(key, [...(found.get(key) ?? []), one]);
      }
    }
  }
  return (expected) => textOf(expected, found);
}

function seriesName(key: string): string {
  return (JSON.parse(key) as Labels).find(({ name }) => name === 'series')!.value;
}
