// Where a counter was reset, and what that took away: looked for once in a series, and not once in
// every range.

import {
  beginSums,
  createRunningSums,
  extendSums,
  type RunningSums,
  sumBetween,
} from './running-sums.ts';

export interface Resets {
  /** By point, how many there were up to it ... */
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
    counts: new Uint32Array(0),
    taken: new Float64Array(0),
    running: createRunningSums(),
    differences,
    differenceWords: new Uint32Array(differences.buffer),
  };
}

/** Looks for resets of another series; whether there are any. */
export function findResets(resets: Resets, values: Float64Array): boolean {
  const first = firstReset(values);
  if (first === values.length) return false;
  if (resets.taken.length < values.length) grow(resets, 2 * values.length);
  resets.counts.fill(0, 0, first);
  resets.taken.fill(0, 0, first);
  noteResets(values, first, resets, resets.differences, resets.differenceWords);
  beginSums(resets.running, values.length);
  extendSums(resets.running, resets.taken, values.length);
  return true;
}

/** What resets took away within points [first, end), which are two at least. */
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

function grow(resets: Resets, length: number): void {
  resets.counts = new Uint32Array(length);
  resets.taken = new Float64Array(length);
  resets.differences = new Float64Array(length);
  resets.differenceWords = new Uint32Array(resets.differences.buffer);
}

/** The length when there is none. */
function firstReset(values: Float64Array): number {
  const { length } = values;
  let before = values[0]!;
  for (let i = 1; i < length; i++) {
    const value = values[i]!;
    if (value < before) return i;
    before = value;
  }
  return length;
}

/**
 * Without a branch: of a gauge, whether a value is below the one before is guessed wrongly half of
 * the time, which takes ten times as long. The high word of their difference tells: beyond that of
 * -0, up to that of -Infinity. Differences below 2^-1042 are none.
 */
function noteResets(
  values: Float64Array,
  from: number,
  { counts, taken }: Pick<Resets, 'counts' | 'taken'>,
  space: Float64Array,
  words: Uint32Array,
): void {
  const { length } = values;
  let count = 0;
  for (let i = from; i < length; i++) space[i] = values[i]! - values[i - 1]!;
  for (let i = from; i < length; i++) {
    const beyond = (words[2 * i + 1]! - 0x8000_0001) | 0;
    const isReset = ((beyond - 0x7ff0_0000) & ~beyond) >>> 31;
    count += isReset;
    counts[i] = count;
    // Of an infinity or NaN that is none this makes NaN, which is no sum to be trusted.
    taken[i] = values[i - 1]! * isReset;
  }
}
