// Doubles compared by their bits, and generators of unkind ones.

import fc from 'fast-check';
import * as assert from 'uvu/assert';

/** The words of a column: equal only when every bit is, NaN payloads and signs of zero included. */
export function bitsOf(column: Float64Array): Uint32Array {
  return new Uint32Array(column.slice().buffer);
}

/** Fails unless the columns are the same bit for bit. */
export function sameBits(actual: Float64Array, expected: Float64Array, what = 'columns'): void {
  assert.is(actual.length, expected.length, `${what}: length`);
  const [a, b] = [bitsOf(actual), bitsOf(expected)];
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    const at = i >>> 1;
    assert.unreachable(`${what} differ at ${at}: ${actual[at]} and ${expected[at]}`);
  }
}

function fromWords(words: readonly number[]): Float64Array {
  return new Float64Array(Uint32Array.from(words).buffer);
}

/** Columns of any bits at all: NaNs of every payload, subnormals, zeros of both signs. */
export const anyBits = fc
  .array(fc.tuple(fc.nat({ max: 0xffffffff }), fc.nat({ max: 0xffffffff })), {
    minLength: 1,
    maxLength: 300,
  })
  .map((pairs) => fromWords(pairs.flat()));

const STALE_MARKER = fromWords([2, 0x7ff00000])[0]!;
const oddValues = fc.constantFrom(
  0,
  -0,
  Number.NaN,
  STALE_MARKER,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  Number.MAX_VALUE,
  2 ** 53,
  -(2 ** 53),
  2 ** 50 + 1,
  1e15,
  1e-15,
);

/** Columns that look like metrics: walks of decimals, with an odd value here and there. */
export const metricLike = fc
  .record({
    digits: fc.integer({ min: 0, max: 17 }),
    scale: fc.constantFrom(1, 7, 1000, 1e6, 1e10),
    trend: fc.constantFrom(0, 1, -3, 1e9),
    steps: fc.array(
      fc.oneof(
        { weight: 20, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }) },
        { weight: 1, arbitrary: oddValues },
      ),
      { minLength: 1, maxLength: 400 },
    ),
  })
  .map(({ digits, scale, trend, steps }) => {
    let level = 0;
    return Float64Array.from(steps, (step) => {
      if (!(Math.abs(step) <= 1) || step === 0) return step;
      level += step * scale + trend;
      return digits > 15 ? level : Number(level.toFixed(digits));
    });
  });

/** Strictly ascending integers within +-2^53: regular, jittered, with gaps, and huge ones. */
export const anyTimestamps = fc
  .record({
    start: fc.oneof(
      fc.integer({ min: -(2 ** 53), max: 2 ** 53 - 2 ** 41 }),
      fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
      fc.constantFrom(-(2 ** 53), -1, 0),
    ),
    stepMs: fc.constantFrom(1, 1000, 10_000, 60_000),
    jitterMs: fc.constantFrom(0, 0, 3, 900, 2 ** 33),
    offsets: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 300 }),
  })
  .map(({ start, stepMs, jitterMs, offsets }) => {
    let at = start;
    return Float64Array.from(offsets, (offset) => {
      at += stepMs + Math.floor(offset * jitterMs);
      return at;
    }).filter((timestampMs) => timestampMs <= 2 ** 53);
  })
  .filter((column) => column.length > 0);
