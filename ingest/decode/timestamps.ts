// Timestamps travel as int64 and live as doubles, which are exact within +-2^53.

/** The high words of -2^53 up to, not including, 2^53. */
const HIGH_WORDS = 2 ** 22;
const HIGH_WORD_MIN = -HIGH_WORDS / 2;
const LOW_WORD_UNIT = 2 ** 32;

export interface TimeSpan {
  /** Infinity and -Infinity when there is no timestamp within the range. */
  readonly minMs: number;
  readonly maxMs: number;
  /** How many lay beyond +-2^53 and are NaN now. */
  readonly outOfRange: number;
}

/**
 * Turns `column`, which holds little-endian int64, into doubles where it lies. Two 32-bit words
 * make a double without a BigInt: about 1.5 ns a point, in test/bench/ingest-decode.ts.
 */
export function convertTimestamps(column: Float64Array): TimeSpan {
  const lows = new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
  const highs = new Int32Array(column.buffer, column.byteOffset, column.length * 2);
  let minMs = Number.POSITIVE_INFINITY;
  let maxMs = Number.NEGATIVE_INFINITY;
  let outOfRange = 0;
  for (let i = 0; i < column.length; i++) {
    const low = lows[2 * i]!;
    const high = highs[2 * i + 1]!;
    const timestampMs = high * LOW_WORD_UNIT + low;
    if (isOutside(high, low)) {
      column[i] = Number.NaN;
      outOfRange++;
      continue;
    }
    column[i] = timestampMs;
    if (timestampMs < minMs) minMs = timestampMs;
    if (timestampMs > maxMs) maxMs = timestampMs;
  }
  return { minMs, maxMs, outOfRange };
}

/** One comparison for all timestamps but +2^53 itself, which is within the range too. */
function isOutside(high: number, low: number): boolean {
  return (high - HIGH_WORD_MIN) >>> 22 !== 0 && !(high === -HIGH_WORD_MIN && low === 0);
}
