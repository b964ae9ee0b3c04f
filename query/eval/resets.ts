// Where a counter was reset, and what that took away: looked for once in a series, and not once in
// every range. A counter has few resets, if any, whose positions are kept; to a gauge about every
// second point is one, so what they took away is kept as running sums.

import {
  beginSums,
  createRunningSums,
  extendSums,
  type RunningSums,
  sumBetween,
} from './running-sums.ts';

/** A series with more resets than this is a gauge, most likely. */
const FEW_RESETS = 32;

export interface Resets {
  kind: 'none' | 'few' | 'many';
  /** Few: points that are below the one before, ascending; the length for no further one. */
  readonly positions: Uint32Array;
  /** Many: by point, how many there were up to it ... */
  counts: Uint32Array;
  /** ... and what was taken away since the one before. */
  taken: Float64Array;
  readonly running: RunningSums;
  differences: Float64Array;
  differenceWords: Uint32Array;
}

export function createResets(): Resets {
  const differences = new Float64Array(0);
  return {
    kind: 'none',
    positions: new Uint32Array(FEW_RESETS + 1),
    counts: new Uint32Array(0),
    taken: new Float64Array(0),
    running: createRunningSums(),
    differences,
    differenceWords: new Uint32Array(differences.buffer),
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
  if (resets.taken.length < values.length) grow(resets, 2 * values.length);
  noteResets(values, resets, resets.differences, resets.differenceWords);
  beginSums(resets.running, values.length);
  extendSums(resets.running, resets.taken, values.length);
}

function grow(resets: Resets, length: number): void {
  resets.counts = new Uint32Array(length);
  resets.taken = new Float64Array(length);
  resets.differences = new Float64Array(length);
  resets.differenceWords = new Uint32Array(resets.differences.buffer);
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
 * Without a branch: of a gauge, whether a value is below the one before is guessed wrongly half of
 * the time, which takes ten times as long. The high word of their difference tells: beyond that of
 * -0, up to that of -Infinity. Differences below 2^-1042 are none.
 */
function noteResets(
  values: Float64Array,
  { counts, taken }: Resets,
  space: Float64Array,
  words: Uint32Array,
): void {
  const { length } = values;
  let count = 0;
  counts[0] = 0;
  taken[0] = 0;
  for (let i = 1; i < length; i++) space[i] = values[i]! - values[i - 1]!;
  for (let i = 1; i < length; i++) {
    const beyond = (words[2 * i + 1]! - 0x8000_0001) | 0;
    const isReset = ((beyond - 0x7ff0_0000) & ~beyond) >>> 31;
    count += isReset;
    counts[i] = count;
    // Of an infinity or NaN that is none this makes NaN, which is no sum to be trusted.
    taken[i] = values[i - 1]! * isReset;
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
