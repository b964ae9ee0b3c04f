// Aggregations that take their input one series at a time: it is never held as a whole.

import { joinMeans, type KahanMean, meanAdd, meanOf, meanTotal } from './kahan.ts';

/** Plain data, so that what was added up on one thread can go on on another. */
export interface AccumulatorState {
  /** 1 at steps that something was added to. */
  readonly present: Uint8Array;
  /** One place per step; which there are is the kind's own business. */
  readonly columns: readonly Float64Array[];
  /** Means that no sum can hold, by step. */
  readonly overflown?: Map<number, KahanMean>;
}

/** Columns of state, one place per step. `add` may be called once per input series. */
export interface Accumulator {
  readonly state: AccumulatorState;
  add(values: Float64Array, present: Uint8Array): void;
  /** Adds all that was added to another of the same kind. */
  merge(other: AccumulatorState): void;
  /** The result; what was added to no step is meaningless there. */
  finish(): Float64Array;
}

export type AccumulatorKind =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'group'
  | 'stddev'
  | 'stdvar';

const CREATE: Readonly<Record<AccumulatorKind, (steps: number) => Accumulator>> = {
  sum: createSum,
  avg: createMean,
  min: (steps) => createFold(steps, (best, value) => value < best || Number.isNaN(best)),
  max: (steps) => createFold(steps, (best, value) => value > best || Number.isNaN(best)),
  count: createCount,
  group: createGroup,
  stddev: (steps) => createVariance(steps, Math.sqrt),
  stdvar: (steps) => createVariance(steps, (variance) => variance),
};

export function isAccumulatorKind(operator: string): operator is AccumulatorKind {
  return operator in CREATE;
}

export function createAccumulator(kind: AccumulatorKind, steps: number): Accumulator {
  return CREATE[kind](steps);
}

/** All of it in one piece of memory, as groups come by the thousand. */
function emptyState(steps: number, columns: number): AccumulatorState {
  const { BYTES_PER_ELEMENT } = Float64Array;
  const memory = new ArrayBuffer(steps * (columns * BYTES_PER_ELEMENT + 1));
  return {
    present: new Uint8Array(memory, steps * columns * BYTES_PER_ELEMENT, steps),
    columns: Array.from({ length: columns }, (_, i) => {
      return new Float64Array(memory, i * steps * BYTES_PER_ELEMENT, steps);
    }),
  };
}

/**
 * Kahan's sum over columns, with what is rounded off found without a branch (Knuth's TwoSum): the
 * inner loop of most dashboards. A sum that is not finite stays so, and needs no compensation.
 */
function createSum(steps: number): Accumulator {
  const state = emptyState(steps, 2);
  const [sums, compensations] = state.columns as [Float64Array, Float64Array];
  return {
    state,
    add: (values, present) => addToSums(sums, compensations, state.present, values, present),
    merge({ present, columns: [values, rests] }) {
      addToSums(sums, compensations, state.present, values!, present);
      for (let i = 0; i < steps; i++) compensations[i]! += rests![i]!;
    },
    finish: () => sums.map((sum, i) => (Number.isFinite(sum) ? sum + compensations[i]! : sum)),
  };
}

function addToSums(
  sums: Float64Array,
  compensations: Float64Array,
  seen: Uint8Array,
  values: Float64Array,
  present: Uint8Array,
): void {
  for (let i = 0; i < sums.length; i++) {
    if (present[i] === 0) continue;
    seen[i] = 1;
    const value = values[i]!;
    const sum = sums[i]!;
    const next = sum + value;
    const added = next - sum;
    sums[i] = next;
    compensations[i]! += sum - (next - added) + (value - added);
  }
}

/** A sum and a count for as long as the sum is finite; from there on a running mean. */
function createMean(steps: number): Accumulator {
  const overflown = new Map<number, KahanMean>();
  const state = { ...emptyState(steps, 3), overflown };
  const { present: seen } = state;
  const [sums, compensations, counts] = state.columns as Triple;
  const meanAt = (i: number) => overflown.get(i) ?? meanOf(sums[i]!, compensations[i]!, counts[i]!);

  function overflow(i: number, mean: KahanMean): void {
    overflown.set(i, mean);
    sums[i] = NaN;
  }

  return {
    state,
    add(values, present) {
      for (let i = 0; i < steps; i++) {
        if (present[i] === 0) continue;
        seen[i] = 1;
        const value = values[i]!;
        const sum = sums[i]!;
        const next = sum + value;
        // NaN unless the sum is finite before and after; the step is left to its running mean then.
        if (next - next !== 0) {
          const mean = meanAt(i);
          overflow(i, mean);
          meanAdd(mean, value);
          continue;
        }
        const added = next - sum;
        counts[i]!++;
        sums[i] = next;
        compensations[i]! += sum - (next - added) + (value - added);
      }
    },
    merge({ present, columns, overflown: others }) {
      const [otherSums, otherRests, otherCounts] = columns as Triple;
      for (let i = 0; i < steps; i++) {
        if (present[i] === 0) continue;
        seen[i] = 1;
        const value = otherSums[i]!;
        const sum = sums[i]!;
        const next = sum + value;
        if (next - next !== 0) {
          const mean = others?.get(i) ?? meanOf(value, otherRests[i]!, otherCounts[i]!);
          overflow(i, joinMeans(meanAt(i), mean));
          continue;
        }
        const added = next - sum;
        counts[i]! += otherCounts[i]!;
        sums[i] = next;
        compensations[i]! += sum - (next - added) + (value - added) + otherRests[i]!;
      }
    },
    finish() {
      const means = sums.map((sum, i) => sum / counts[i]! + compensations[i]! / counts[i]!);
      for (const [i, mean] of overflown) means[i] = meanTotal(mean);
      return means;
    },
  };
}

type Triple = [Float64Array, Float64Array, Float64Array];

/** Keeps the first value, then whatever `replaces` it. */
function createFold(
  steps: number,
  replaces: (best: number, value: number) => boolean,
): Accumulator {
  const state = emptyState(steps, 1);
  const { present: seen } = state;
  const best = state.columns[0]!;

  function add(values: Float64Array, present: Uint8Array): void {
    for (let i = 0; i < steps; i++) {
      if (present[i] === 0) continue;
      if (seen[i] === 0 || replaces(best[i]!, values[i]!)) best[i] = values[i]!;
      seen[i] = 1;
    }
  }

  return {
    state,
    add,
    merge: ({ present, columns }) => add(columns[0]!, present),
    finish: () => best,
  };
}

function createCount(steps: number): Accumulator {
  const state = emptyState(steps, 1);
  const { present: seen } = state;
  const counts = state.columns[0]!;

  function count(numbers: Uint8Array | Float64Array, present: Uint8Array): void {
    for (let i = 0; i < steps; i++) {
      counts[i]! += numbers[i]!;
      seen[i]! |= present[i]!;
    }
  }

  return {
    state,
    add: (_values, present) => count(present, present),
    merge: ({ present, columns }) => count(columns[0]!, present),
    finish: () => counts,
  };
}

function createGroup(steps: number): Accumulator {
  return { ...createCount(steps), finish: () => new Float64Array(steps).fill(1) };
}

/**
 * Welford's recurrence, and Chan's for joining two of its results; an infinity or NaN anywhere
 * makes the result NaN.
 */
function createVariance(steps: number, finish: (variance: number) => number): Accumulator {
  const state = emptyState(steps, 3);
  const { present: seen } = state;
  const [counts, means, squares] = state.columns as Triple;
  return {
    state,
    add(values, present) {
      for (let i = 0; i < steps; i++) {
        if (present[i] === 0) continue;
        seen[i] = 1;
        const value = values[i]!;
        const count = ++counts[i]!;
        const delta = value - means[i]!;
        means[i]! += delta / count;
        squares[i]! += delta * (value - means[i]!);
      }
    },
    merge({ present, columns }) {
      const [otherCounts, otherMeans, otherSquares] = columns as Triple;
      for (let i = 0; i < steps; i++) {
        if (present[i] === 0) continue;
        const before = counts[i]!;
        const count = before + otherCounts[i]!;
        const share = otherCounts[i]! / count;
        const delta = otherMeans[i]! - means[i]!;
        // The first part is taken as it is: its square may be more than a float holds.
        const between = before === 0 ? 0 : delta * delta * before * share;
        seen[i] = 1;
        counts[i] = count;
        means[i]! += delta * share;
        squares[i]! += otherSquares[i]! + between;
      }
    },
    finish: () => squares.map((square, i) => finish(square / counts[i]!)),
  };
}
