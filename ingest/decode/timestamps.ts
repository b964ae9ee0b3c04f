// Timestamps travel as int64 and live as doubles, which are exact within +-2^53.

/** -2^53 and 2^53 as the high word of an int64. */
const HIGH_WORD_MIN = -(2 ** 21);
const HIGH_WORD_MAX = 2 ** 21;
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
 * make a double without a BigInt; the upper one stays the same for 49 days, so what depends on it
 * is worked out when it changes. test/bench/decode.bench.ts measures it.
 */
export function convertTimestamps(column: Float64Array): TimeSpan {
  const lows = new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
  const highs = new Int32Array(column.buffer, column.byteOffset, column.length * 2);
  let minMs = Number.POSITIVE_INFINITY;
  let maxMs = Number.NEGATIVE_INFINITY;
  let outOfRange = 0;
  let high = 0;
  let highMs = 0;
  let inside = true;
  for (let i = 0; i < column.length; i++) {
    const low = lows[2 * i]!;
    const nextHigh = highs[2 * i + 1]!;
    if (nextHigh !== high) {
      high = nextHigh;
      highMs = high * LOW_WORD_UNIT;
      inside = high >= HIGH_WORD_MIN && high < HIGH_WORD_MAX;
    }
    // 2^53 itself is the one timestamp of its high word that is within the range.
    if (!inside && !(high === HIGH_WORD_MAX && low === 0)) {
      column[i] = Number.NaN;
      outOfRange++;
      continue;
    }
    const timestampMs = highMs + low;
    column[i] = timestampMs;
    if (timestampMs < minMs) minMs = timestampMs;
    if (timestampMs > maxMs) maxMs = timestampMs;
  }
  return { minMs, maxMs, outOfRange };
}

const TIMESTAMP_MS_MAX = 2 ** 53;

/** The span of a column of doubles; what is no integer within +-2^53 becomes NaN. */
export function checkTimestamps(column: Float64Array): TimeSpan {
  let minMs = Number.POSITIVE_INFINITY;
  let maxMs = Number.NEGATIVE_INFINITY;
  let outOfRange = 0;
  for (let i = 0; i < column.length; i++) {
    const timestampMs = column[i]!;
    if (Math.trunc(timestampMs) !== timestampMs || Math.abs(timestampMs) > TIMESTAMP_MS_MAX) {
      column[i] = Number.NaN;
      outOfRange++;
      continue;
    }
    if (timestampMs < minMs) minMs = timestampMs;
    if (timestampMs > maxMs) maxMs = timestampMs;
  }
  return { minMs, maxMs, outOfRange };
}
