import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Exceptions, toDecimals, UNITS } from '../../../storage/coding/decimals.ts';

const decimals = suite('storage/coding/decimals');

interface Outcome {
  readonly unit: number | undefined;
  readonly integers: readonly number[];
  readonly exceptions: readonly number[];
}

function convert(values: readonly number[]): Outcome {
  const integers = new Float64Array(values.length);
  const exceptions: Exceptions = { positions: new Uint16Array(values.length), count: 0 };
  const scale = toDecimals(Float64Array.from(values), values.length, integers, exceptions);
  return {
    unit: scale === undefined ? undefined : UNITS[scale],
    integers: [...integers],
    exceptions: [...exceptions.positions.subarray(0, exceptions.count)],
  };
}

const cases: Record<string, { values: number[]; want: Outcome }> = {
  'takes as many digits as are needed': {
    values: [21.5, 0.25, 3],
    want: { unit: 100, integers: [2150, 25, 300], exceptions: [] },
  },
  'is exact where a product is not': {
    values: [0.29, 0.57, 1.1, 4.35],
    want: { unit: 100, integers: [29, 57, 110, 435], exceptions: [] },
  },
  'shifts zero bits out of integers': {
    values: [4096, 12_288, -8192],
    want: { unit: 1 / 4096, integers: [1, 3, -2], exceptions: [] },
  },
  'leaves single odd values out, with a neighbour in their place': {
    values: [-0, Number.NaN, 1.5, 2.5, 1 / 0, 3.5, ...Array(30).fill(1.5)],
    want: {
      unit: 10,
      integers: [15, 15, 15, 25, 25, 35, ...Array(30).fill(15)],
      exceptions: [0, 1, 4],
    },
  },
  'leaves one long value out rather than make all values long': {
    values: [...Array(40).fill(1.5), 1.23456789, 2.5],
    want: { unit: 10, integers: [...Array(41).fill(15), 25], exceptions: [40] },
  },
};

for (const [name, { values, want }] of Object.entries(cases)) {
  decimals(name, () => {
    assert.equal(convert(values), want);
  });
}

decimals('raises the digits for values that the sample missed', () => {
  const values = Array.from({ length: 1000 }, (_, i) => (i % 50 === 49 || i > 900 ? 2.25 : 1.5));
  const { unit, exceptions } = convert(values);
  assert.is(unit, 100);
  assert.equal(exceptions, []);
});

for (const [name, values] of Object.entries({
  'full doubles': Array.from({ length: 50 }, (_, i) => Math.sin(i + 1)),
  NaNs: Array(50).fill(Number.NaN),
  'integers that a sum could lose bits of': Array(50).fill(2 ** 52 + 1),
  'many exceptions': Array.from({ length: 60 }, (_, i) => (i % 5 === 0 ? Number.NaN : 1.5)),
})) {
  decimals(`refuses ${name}`, () => {
    assert.is(convert(values).unit, undefined);
  });
}

decimals.run();
