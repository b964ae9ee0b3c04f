// What tiers must answer, from what the storage had of points when their windows were dropped. The
// points that there are, the ledger answers for.

import * as assert from 'uvu/assert';
import { createQueryEngine } from '../../query/engine.ts';
import { DEFAULT_LIMITS } from '../../query/index.ts';
import type { Labels, PolicySet, Storage, TimeRange, WindowInfo } from '../../storage/index.ts';
import { contentsOf } from '../support/storage.ts';
import { STREAM_LABEL } from '../support/witness.ts';
import { HOUR_MS, SERIES, seriesLabels } from './places.ts';

/** By time. */
type Points = ReadonlyMap<number, number>;

/** By the JSON of the labels of a series. */
type SeriesPoints = ReadonlyMap<string, Points>;

/** What one tier has. Never changed, but replaced. */
interface TierPart {
  /** On disk: it tells one that is wanted again from what it was before. */
  readonly id: number;
  readonly policy: number;
  readonly everyMs: number;
  /** What its steps have of windows that were dropped. */
  readonly gone: SeriesPoints;
  /** It has nothing before: that was dropped of it, or of the points before it was wanted. */
  readonly beforeMs: number;
  /** When it is wanted no more, the end of what was dropped by then; before, Infinity. */
  readonly untilMs: number;
}

/** Never changed, but replaced. */
interface TierState {
  /** The widest first, of these the oldest: what is asked for every hour is read there. */
  readonly parts: readonly TierPart[];
  readonly lastId: number;
  /** By policy, the end of what was dropped. */
  readonly goneMs: readonly number[];
  /** All such ends there were: whether a late point was put to its step is not known of these. */
  readonly ends: ReadonlySet<number>;
}

const EVERY_SERIES = Array.from({ length: SERIES }, (_, i) => JSON.stringify(seriesLabels(i)));

const QUERIES = ['count', 'sum'].map(
  (name) => `${name}_over_time({job!="",${STREAM_LABEL.name}=""}[1h])`,
);
/** A history has few crashes of which nothing shows for long. */
const STATES_MAX = 64;
const RANGE = { startMs: -24 * HOUR_MS, endMs: 24 * HOUR_MS, stepMs: HOUR_MS };

export class TierModel {
  #policies: PolicySet;
  /** Those that may hold: twice as many after a crash, until their answers differ. */
  #states: readonly TierState[];

  constructor(policies: PolicySet) {
    this.#policies = policies;
    const goneMs = policies.policies.map(() => Number.NEGATIVE_INFINITY);
    this.#states = [adopting({ parts: [], lastId: 0, goneMs, ends: new Set() }, policies)];
  }

  /** Does `adopt`, which puts others in force, of the same policies with other tiers. */
  async changing(policies: PolicySet, adopt: () => Promise<unknown>): Promise<void> {
    const before = this.#states;
    const after = before.map((state) => adopting(state, policies));
    // After a crash in between it is opened with those of before.
    this.#states = [...before, ...after.map((state) => adopting(state, this.#policies))];
    await adopt();
    this.#states = after;
    this.#policies = policies;
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
    const left = (points: SeriesPoints, everyMs: number) =>
      new Map(
        Array.from(points, ([key, own]): [string, Points] => {
          if (!isMeant(JSON.parse(key) as Labels)) return [key, own];
          const isLeft = (timeMs: number) => {
            const startMs = stepOf(timeMs, everyMs);
            return startMs + everyMs < range.startMs || startMs + 1 >= range.endMs;
          };
          return [key, new Map([...own].filter(([timeMs]) => isLeft(timeMs)))];
        }),
      );
    const after = this.#states.map(({ parts, ...state }) => ({
      ...state,
      parts: parts.map((part) => ({ ...part, gone: left(part.gone, part.everyMs) })),
    }));
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
    this.#states = left.slice(0, STATES_MAX);
  }

  #dropped(state: TierState, points: SeriesPoints, windows: readonly WindowInfo[]): TierState {
    const goneMs = this.#policies.policies.map(({ name }, policy) => {
      const own = windows.filter((window) => !window.rollupMs && window.policy.name === name);
      return endOf(own, state.goneMs[policy]!);
    });
    const parts = state.parts.map((part): TierPart => {
      const { id, policy, everyMs } = part;
      const beforeMs = endOf(
        windows.filter(({ key }) => key.startsWith(`${id}/`)),
        part.beforeMs,
      );
      const [fromMs, toMs] = [state.goneMs[policy]!, goneMs[policy]!];
      if (toMs === fromMs || part.untilMs < Infinity) return { ...part, beforeMs };
      const gone = new Map(part.gone);
      for (const [key, own] of points) {
        if (this.#policyOf(key) !== policy) continue;
        const known = gone.get(key) ?? new Map<number, number>();
        const isAdded = (timeMs: number) =>
          timeMs <= toMs &&
          (timeMs > fromMs || (timeMs === fromMs && isBeside(known, timeMs, everyMs)));
        gone.set(key, new Map([...known, ...[...own].filter(([timeMs]) => isAdded(timeMs))]));
      }
      return { ...part, gone, beforeMs };
    });
    return { ...state, parts, goneMs, ends: new Set([...state.ends, ...goneMs]) };
  }

  #expected({ parts, goneMs, ends }: TierState, points: SeriesPoints): Expected {
    const steps: Answers = new Map();
    const open = new Set<string>();
    for (const key of EVERY_SERIES) {
      const policy = this.#policyOf(key);
      const own = parts.filter((part) => part.policy === policy);
      /** What is read of the hour that has the time, once its points are gone. */
      const partAt = (timeMs: number) => {
        const startMs = stepOf(timeMs, HOUR_MS);
        return own.find(({ beforeMs, untilMs }) => startMs >= beforeMs && startMs < untilMs);
      };
      // Of one that is wanted no more, what else it has is better than nothing; and it may have got
      // the points at the end of the last drop, or not.
      for (let endMs = RANGE.startMs; endMs <= goneMs[policy]!; endMs += HOUR_MS) {
        const isSome = own.some(({ beforeMs }) => stepOf(endMs, HOUR_MS) >= beforeMs);
        const part = partAt(endMs);
        const isKnown = part === undefined ? !isSome : part.untilMs !== endMs;
        if (!isKnown) open.add(`${seriesName(key)} ${endMs}`);
      }
      const seen = new Map<number, number>();
      for (const part of own) {
        for (const [timeMs, value] of part.gone.get(key) ?? []) {
          if (partAt(timeMs) === part) seen.set(timeMs, value);
        }
      }
      for (const [timeMs, value] of points.get(key) ?? []) {
        const part = timeMs <= goneMs[policy]! ? partAt(timeMs) : undefined;
        const isLate = part !== undefined && isBeside(part.gone.get(key), timeMs, part.everyMs);
        if (part === undefined || isLate) seen.set(timeMs, value);
        // It lies inside as soon as the step has the point at its end.
        const endMs = stepOf(timeMs, HOUR_MS) + HOUR_MS;
        if (isLate && timeMs < endMs && ends.has(endMs)) open.add(`${seriesName(key)} ${endMs}`);
      }
      for (const [timeMs, value] of seen) {
        const endMs = stepOf(timeMs, HOUR_MS) + HOUR_MS;
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

/** A tier that is wanted no more stays as it is; wanted again, it is a new one. */
function adopting(state: TierState, { policies }: PolicySet): TierState {
  let { lastId } = state;
  const kept = new Set<TierPart>();
  const fresh: TierPart[] = [];
  for (const [policy, { rollups = [] }] of policies.entries()) {
    // At first the policies get ids as well, each before its tiers.
    if (state.lastId === 0) lastId++;
    for (const { everyMs } of rollups) {
      const known = state.parts.find(
        (part) => part.policy === policy && part.everyMs === everyMs && part.untilMs === Infinity,
      );
      const beforeMs = state.goneMs[policy]!;
      if (known !== undefined) kept.add(known);
      else {
        const own = { id: ++lastId, policy, everyMs, beforeMs, untilMs: Infinity };
        fresh.push({ ...own, gone: new Map() });
      }
    }
  }
  const known = state.parts.map((part) => {
    const untilMs = kept.has(part) ? Infinity : Math.min(part.untilMs, state.goneMs[part.policy]!);
    return { ...part, untilMs };
  });
  const parts = [...known, ...fresh].sort((one, other) => other.everyMs - one.everyMs);
  return { ...state, lastId, parts };
}

/** The last end of `windows`, or `leastMs`. */
function endOf(windows: readonly WindowInfo[], leastMs: number): number {
  return windows.reduce((latest, { endMs }) => Math.max(latest, endMs), leastMs);
}

/** The start of the step that has the time. */
function stepOf(timeMs: number, everyMs: number): number {
  return Math.ceil(timeMs / everyMs - 1) * everyMs;
}

/** Whether no point of the step that has the time is before it, or none after it. */
function isBeside(known: Points | undefined, timeMs: number, everyMs: number): boolean {
  const startMs = stepOf(timeMs, everyMs);
  const times = [...(known?.keys() ?? [])].filter((other) => stepOf(other, everyMs) === startMs);
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
