// Aggregations that take their input one series at a time: it is never held as a whole.

import { createKahanMean, type KahanMean, meanAdd, meanTotal } from './kahan.ts';

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

/** Kahan's sum, unrolled over columns: this is the inner loop of most dashboards. */
function createSum(steps: number): Accumulator {
  const sums = new Float64Array(steps);
  const compensations = new Float64Array(steps);
  const seen = new Uint8Array(steps);
  return {
    present: seen,
    add(values, present) {
      for (let i = 0; i < steps; i++) {
        if (present[i] === 0) continue;
        seen[i] = 1;
        const value = values[i]!;
        const sum = sums[i]!;
        const next = sum + value;
        sums[i] = next;
        if (next === Infinity || next === -Infinity) compensations[i] = 0;
        else if (Math.abs(sum) >= Math.abs(value)) compensations[i]! += sum - next + value;
        else compensations[i]! += value - next + sum;
      }
    },
    finish: () => sums.map((sum, i) => (Number.isFinite(sum) ? sum + compensations[i]! : sum)),
  };
}

function createMean(steps: number): Accumulator {
  const means: KahanMean[] = Array.from({ length: steps }, createKahanMean);
  const seen = new Uint8Array(steps);
  return {
    present: seen,
    add(values, present) {
      for (let i = 0; i < steps; i++) {
        if (present[i] === 0) continue;
        seen[i] = 1;
        meanAdd(means[i]!, values[i]!);
      }
    },
    finish: () => Float64Array.from(means, meanTotal),
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
