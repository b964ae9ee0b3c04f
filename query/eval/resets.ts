// Where a counter was reset, and what that took away: looked for once in a series, and not once in
// every range. A counter has few resets, if any, whose positions are kept; to a gauge about every
// second point is one, so what they took away is kept as running sums.

import { beginSums, createRunningSums, type RunningSums, sumBetween } from './running-sums.ts';

/** A series with more resets than this is a gauge, most likely. */
const FEW_RESETS = 32;

export interface Resets {
  kind: 'none' | 'few' | 'many';
  /** Few: points that are below the one before, ascending; the length for no further one. */
  readonly positions: Uint32Array;
  /** Many: by point, how many there were up to it ... */
  counts: Uint32Array;
  /** ... and what they took away. */
  readonly running: RunningSums;
}

export function createResets(): Resets {
  return {
    kind: 'none',
    positions: new Uint32Array(FEW_RESETS + 1),
    counts: new Uint32Array(0),
    running: createRunningSums(),
  };
}

export function setNoResets(resets: Resets): void {
  resets.kind = 'none';
}

/** Looks for those of another series. */
export function findResets(resets: Resets, values: Float64Array): void {
  const count = findFew(values, resets.positions);
  resets.kind = count === 0 ? 'none' : count <= FEW_RESETS ? 'few' : 'many';
  if (resets.kind !== 'many') return;
  if (resets.counts.length < values.length) resets.counts = new Uint32Array(2 * values.length);
  const { counts, running } = resets;
  beginSums(running, values.length);
  noteResets(values, counts, running.sums, running.rests);
}

/** How many there are; above FEW_RESETS, at least. */
function findFew(values: Float64Array, positions: Uint32Array): number {
  const { length } = values;
  let count = 0;
  let before = values[0]!;
  for (let i = 1; i < length; i++) {
    const value = values[i]!;
    if (value < before) {
      if (count === FEW_RESETS) return count + 1;
      positions[count++] = i;
    }
    before = value;
  }
  positions[count] = length;
  return count;
}

/**
 * Without a branch, for which `+` of a comparison is compiled: of a gauge, whether a value is below
 * the one before is guessed wrongly half of the time, which takes four times as long. The sums are
 * those of extendSums.
 */
function noteResets(
  values: Float64Array,
  counts: Uint32Array,
  sums: Float64Array,
  rests: Float64Array,
): void {
  let count = 0;
  let sum = 0;
  let rest = 0;
  let before = values[0]!;
  counts[0] = 0;
  sums[1] = 0;
  rests[1] = 0;
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    const isReset = +(value < before);
    count += isReset;
    counts[i] = count;
    // Of an infinity or NaN that is none this makes NaN, which is no sum to be trusted.
    const taken = before * isReset;
    const next = sum + taken;
    const added = next - sum;
    rest += sum - (next - added) + (taken - added);
    sum = next;
    sums[i + 1] = sum;
    rests[i + 1] = rest;
    before = value;
  }
}

/** Of many, what they took away within points [first, end), which are two at least. */
export function takenBetween(
  { counts, running: { sums, rests } }: Resets,
  values: Float64Array,
  first: number,
  end: number,
): number {
  if (counts[first] === counts[end - 1]) return 0;
  const taken = sumBetween(sums, rests, first + 1, end, 1);
  return Number.isNaN(taken) ? addTaken(values, first, end) : taken;
}

function addTaken(values: Float64Array, first: number, end: number): number {
  let taken = 0;
  for (let i = first + 1; i < end; i++) if (values[i]! < values[i - 1]!) taken += values[i - 1]!;
  return taken;
}
