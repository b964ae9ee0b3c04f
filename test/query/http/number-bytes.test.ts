import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatJson } from '../../../query/float.ts';
import { NUMBER_BYTES_MAX, writeNumber } from '../../../query/http/number-bytes.ts';

const numberBytes = suite('query/http/number-bytes');

const OFFSET = 3;
const bytes = Buffer.alloc(OFFSET + NUMBER_BYTES_MAX);

function check(value: number): void {
  const end = writeNumber(bytes, OFFSET, value);
  assert.is(bytes.toString('latin1', OFFSET, end), formatJson(value));
}

numberBytes('writes what has no digits, and zeros of both signs', () => {
  for (const value of [NaN, Infinity, -Infinity, 0, -0]) check(value);
});

numberBytes('writes powers of two and ten, and their neighbours', () => {
  for (let exponent = -1074; exponent < 1024; exponent++) {
    const power = 2 ** exponent;
    for (const value of [power, power * (1 + 2 ** -52), power * (1 - 2 ** -53)]) check(value);
  }
  for (let exponent = -10; exponent < 25; exponent++) {
    const power = Number(`1e${exponent}`);
    for (const factor of [1, 1 + 2 ** -52, 1 - 2 ** -53, 5, 1.5, 9.999999999999998]) {
      check(power * factor);
      check(-power * factor);
    }
  }
});

const decimal = fc
  .record({ digits: fc.nat({ max: 2 ** 31 - 1 }), places: fc.nat({ max: 12 }) })
  .map(({ digits, places }) => digits / 10 ** places);
const ordinary = fc.double({ min: 1e-6, max: 1e15, noNaN: true });
const ratio = fc.tuple(fc.integer(), fc.integer({ min: 1 })).map(([a, b]) => a / b);
const integer = fc.maxSafeInteger();

for (const [name, values] of Object.entries({
  doubles: fc.double(),
  'doubles of ordinary size': ordinary,
  decimals: decimal,
  ratios: ratio,
  integers: integer,
})) {
  numberBytes(`writes ${name} as they are written as strings`, () => {
    fc.assert(fc.property(values, check), { seed: 20_261_122, numRuns: 20_000 });
  });
}

numberBytes.run();
