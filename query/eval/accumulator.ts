// Aggregations that take their input one series at a time: it is never held as a whole.

import { type KahanMean, meanAdd, meanOf, meanTotal } from './kahan.ts';

/** Columns of state, one place per step. `add` may be called once per input series. */
export interface Accumulator {
  add(values: Float64Array, present: Uint8Array): void;
  /** The result; what was added to no step is meaningless there. */
  finish(): Float64Array;
  /** 1 at steps that something was added to. */
  readonly present: Uint8Array;
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

/**
 * Kahan's sum over columns, with what is rounded off found without a branch (Knuth's TwoSum): the
 * inner loop of most dashboards. A sum that is not finite stays so, and needs no compensation.
 */
function createSum(steps: number): Accumulator {
  const sums = new Float64Array(steps);
  const compensations = new Float64Array(steps);
  const seen = new Uint8Array(steps);
  return {
    present: seen,
    add: (values, present) => addToSums(sums, compensations, seen, values, present),
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
  const sums = new Float64Array(steps);
  const compensations = new Float64Array(steps);
  const counts = new Float64Array(steps);
  const seen = new Uint8Array(steps);
  const overflown = new Map<number, KahanMean>();
  return {
    present: seen,
    add(values, present) {
      for (let i = 0; i < steps; i++) {
        if (present[i] === 0) continue;
        seen[i] = 1;
        const value = values[i]!;
        const sum = sums[i]!;
        const next = sum + value;
        // NaN unless the sum is finite before and after; the step is left to its running mean then.
        if (next - next !== 0) {
          const mean = overflown.get(i) ?? meanOf(sum, compensations[i]!, counts[i]!);
          overflown.set(i, mean);
          sums[i] = NaN;
          meanAdd(mean, value);
          continue;
        }
        const added = next - sum;
        counts[i]!++;
        sums[i] = next;
        compensations[i]! += sum - (next - added) + (value - added);
      }
    },
    finish() {
      const means = sums.map((sum, i) => sum / counts[i]! + compensations[i]! / counts[i]!);
      for (const [i, mean] of overflown) means[i] = meanTotal(mean);
      return means;
    },
  };
}

/** Keeps the first value, then whatever `replaces` it. */
function createFold(
  steps: number,
  replaces: (best: number, value: number) => boolean,
): Accumulator {
  const best = new Float64Array(steps);
  const seen = new Uint8Array(steps);
  return {
    present: seen,
    add(values, present) {
      for (let i = 0; i < steps; i++) {
        if (present[i] === 0) continue;
        if (seen[i] === 0 || replaces(best[i]!, values[i]!)) best[i] = values[i]!;
        seen[i] = 1;
      }
    },
    finish: () => best,
  };
}

function createCount(steps: number): Accumulator {
  const counts = new Float64Array(steps);
  const seen = new Uint8Array(steps);
  return {
    present: seen,
    add(_values, present) {
      for (let i = 0; i < steps; i++) {
        counts[i]! += present[i]!;
        seen[i]! |= present[i]!;
      }
    },
    finish: () => counts,
  };
}

function createGroup(steps: number): Accumulator {
  const { present, add } = createCount(steps);
  return { present, add, finish: () => new Float64Array(steps).fill(1) };
}

/** Welford's recurrence; an infinity or NaN anywhere makes the result NaN. */
function createVariance(steps: number, finish: (variance: number) => number): Accumulator {
  const counts = new Float64Array(steps);
  const means = new Float64Array(steps);
  const squares = new Float64Array(steps);
  const seen = new Uint8Array(steps);
  return {
    present: seen,
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
    finish: () => squares.map((square, i) => finish(square / counts[i]!)),
  };
}
