// Values as text, in every line format: decimal numbers, and words for what no number is. A NaN
// is its bits: words for the two that Prometheus knows, hexadecimal digits for all others.

import type { SeriesBatch } from '../series-batch.ts';

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** `NaN:` and the 16 digits of the float64. */
const ANY_NAN = /^nan:([\da-f]{8})([\da-f]{8})$/;

/** A float64 as two words. */
interface Bits {
  readonly low: number;
  readonly high: number;
}

/** Prometheus's ordinary NaN, which is Go's, and its marker of a series that has ended. */
export const ORDINARY_NAN: Bits = { low: 1, high: 0x7ff8_0000 };
const STALE_NAN: Bits = { low: 2, high: 0x7ff0_0000 };
const POSITIVE_INFINITY: Bits = { low: 0, high: 0x7ff0_0000 };
const NEGATIVE_INFINITY: Bits = { low: 0, high: 0xfff0_0000 };

const WORDS: ReadonlyMap<string, Bits> = new Map([
  ['nan', ORDINARY_NAN],
  ['stalenan', STALE_NAN],
  ['inf', POSITIVE_INFINITY],
  ['+inf', POSITIVE_INFINITY],
  ['infinity', POSITIVE_INFINITY],
  ['+infinity', POSITIVE_INFINITY],
  ['-inf', NEGATIVE_INFINITY],
  ['-infinity', NEGATIVE_INFINITY],
]);

/** A number that a double can hold, or undefined. */
export function parseDecimal(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** What a word stands for, in capitals or not; undefined when it is none. */
export function wordBits(text: string): Bits | undefined {
  const word = text.toLowerCase();
  const known = WORDS.get(word);
  if (known !== undefined) return known;
  const [, high, low] = ANY_NAN.exec(word) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const bits = { low: Number.parseInt(low, 16), high: Number.parseInt(high, 16) };
  return isNaNBits(bits) ? bits : undefined;
}

function isNaNBits({ low, high }: Bits): boolean {
  const fraction = (high & 0xf_ffff) | low;
  return (high & 0x7ff0_0000) === 0x7ff0_0000 && fraction !== 0;
}

/** A value once it is read: a number, or bits where a number would lose them. */
export type ReadValue = number | Bits;

export function parseValue(text: string): ReadValue | undefined {
  return parseDecimal(text) ?? wordBits(text);
}

export function addValue(
  batch: SeriesBatch,
  slot: number,
  timestampMs: number,
  value: ReadValue,
): void {
  if (typeof value === 'number') batch.add(slot, timestampMs, value);
  else batch.addBits(slot, timestampMs, value.low, value.high);
}
