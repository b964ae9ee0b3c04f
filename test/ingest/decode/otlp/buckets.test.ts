import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decimalText, exponentialBuckets } from '../../../../ingest/decode/otlp/buckets.ts';
import {
  type ExponentialPoint,
  exponentialPoint,
} from '../../../../ingest/decode/otlp/distributions.ts';
import { property } from '../../../support/seed.ts';

const buckets = suite('ingest/decode/otlp/buckets');

function pointOf(over: Partial<ExponentialPoint>): ExponentialPoint {
  return { ...exponentialPoint(), ...over };
}

/** [bound, count] by [bound, count]. */
function classic(over: Partial<ExponentialPoint>): [number, number][] {
  const { bounds, counts } = exponentialBuckets(pointOf(over));
  return bounds.map((bound, i) => [bound, counts[i]!]);
}

buckets('cover what is used, from a lower bound to an upper one', () => {
  const positive = { offset: 0, counts: [0, 3, 0, 5, 0] };
  assert.equal(classic({ scale: 0, positive }), [
    [2, 0],
    [4, 3],
    [8, 3],
    [16, 8],
  ]);
});

buckets('have zero and what lies below it', () => {
  const negative = { offset: 0, counts: [1, 2] };
  const positive = { offset: 1, counts: [4] };
  assert.equal(classic({ scale: 0, zeroCount: 3, zeroThreshold: 0.5, negative, positive }), [
    [-4, 0],
    [-2, 2],
    [-1, 3],
    [0.5, 6],
    [2, 6],
    [4, 10],
  ]);
});

buckets('of fine scales are put together at bounds that stay', () => {
  const positive = { offset: 0, counts: new Array<number>(64).fill(1) };
  assert.equal(classic({ scale: 6, positive }), [
    [1, 0],
    [2 ** 0.25, 16],
    [2 ** 0.5, 32],
    [2 ** 0.75, 48],
    [2, 64],
  ]);
  const shifted = classic({ scale: 6, positive: { offset: -17, counts: [1] } });
  assert.equal(shifted, [
    [2 ** -0.5, 0],
    [2 ** -0.25, 1],
  ]);
});

buckets('of scales beyond all sense have a bound for each number there is', () => {
  for (const scale of [-(2 ** 31), -11, 2 ** 31 - 1]) {
    const counts = [1, 1];
    const sides = { negative: { offset: -1, counts }, positive: { offset: -1, counts } };
    const bounds = classic({ scale, zeroCount: 1, ...sides }).map(([bound]) => bound);
    assert.ok(bounds.every(Number.isFinite));
    assert.equal(
      bounds,
      [...new Set(bounds)].sort((a, b) => a - b),
    );
  }
});

buckets('count every value at or below its bound', () => {
  const side = fc.record({
    offset: fc.integer({ min: -40, max: 40 }),
    counts: fc.array(fc.nat(5), { maxLength: 40 }),
  });
  const scales = fc.integer({ min: -3, max: 8 });
  fc.assert(
    fc.property(scales, side, side, fc.nat(3), (scale, negative, positive, zeroCount) => {
      const base = 2 ** (2 ** -scale);
      const { bounds, counts } = exponentialBuckets(
        pointOf({ scale, negative, positive, zeroCount }),
      );
      // The middle of each bucket stands for its values.
      const values = [
        ...negative.counts.map((n, i) => [-(base ** (negative.offset + i + 0.5)), n] as const),
        [0, zeroCount] as const,
        ...positive.counts.map((n, i) => [base ** (positive.offset + i + 0.5), n] as const),
      ];
      const total = values.reduce((sum, [, n]) => sum + n, 0);
      bounds.forEach((bound, i) => {
        const below = values.filter(([value]) => value <= bound);
        assert.is(
          counts[i],
          below.reduce((sum, [, n]) => sum + n, 0),
          `at ${bound}`,
        );
      });
      assert.is(counts.at(-1) ?? 0, total);
    }),
    property(300),
  );
});

buckets('print bounds without an exponent', () => {
  const cases: readonly [number, string][] = [
    [0.5, '0.5'],
    [1e21, '1000000000000000000000'],
    [-1.5e22, '-15000000000000000000000'],
    [1.25e-7, '0.000000125'],
    [5e-324, `0.${'0'.repeat(323)}5`],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [Number.NaN, 'NaN'],
  ];
  for (const [value, text] of cases) {
    assert.is(decimalText(value), text);
    if (Number.isFinite(value)) assert.is(Number(text), value);
  }
});

buckets.run();
