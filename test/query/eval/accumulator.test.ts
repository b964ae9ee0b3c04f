// Aggregations whose input is added up in parts: the same as all of it at once.

import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Accumulator,
  type AccumulatorKind,
  createAccumulator,
} from '../../../query/eval/accumulator.ts';

const accumulator = suite('query/eval/accumulator');
const SEED = Number(process.env['SEED'] ?? 20_261_122);
const STEPS = 4;
const KINDS: readonly AccumulatorKind[] = [
  ...['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'],
] as AccumulatorKind[];

type Column = readonly (number | undefined)[];

const ordinary = fc.double({ min: 1, max: 1e6, noNaN: true });
const odd = fc.constantFrom(NaN, Infinity, -Infinity, 1e308, -1e308, 0, -0);

function columnsOf(value: fc.Arbitrary<number>): fc.Arbitrary<Column[]> {
  const place = fc.option(value, { nil: undefined });
  return fc.array(fc.array(place, { minLength: STEPS, maxLength: STEPS }), { maxLength: 12 });
}

function addAll(to: Accumulator, columns: readonly Column[]): Accumulator {
  for (const column of columns) {
    const present = Uint8Array.from(column, (value) => (value === undefined ? 0 : 1));
    to.add(
      Float64Array.from(column, (value) => value ?? 7),
      present,
    );
  }
  return to;
}

/** By step, undefined where nothing was added. */
function resultsOf(all: Accumulator): Column {
  const values = all.finish();
  return Array.from(all.state.present, (there, step) => (there === 1 ? values[step] : undefined));
}

function inParts(kind: AccumulatorKind, columns: readonly Column[], at: number): Column {
  const whole = createAccumulator(kind, STEPS);
  for (const part of [columns.slice(0, at), columns.slice(at)]) {
    // As it comes from another thread.
    whole.merge(structuredClone(addAll(createAccumulator(kind, STEPS), part).state));
  }
  return resultsOf(whole);
}

function atOnce(kind: AccumulatorKind, columns: readonly Column[]): Column {
  return resultsOf(addAll(createAccumulator(kind, STEPS), columns));
}

for (const kind of KINDS) {
  accumulator(`puts parts of ${kind} together (seed ${SEED})`, () => {
    fc.assert(
      fc.property(columnsOf(ordinary), fc.nat(12), (columns, at) => {
        const expected = atOnce(kind, columns);
        for (const [step, found] of inParts(kind, columns, at).entries()) {
          const wanted = expected[step];
          if (found === wanted) continue;
          assert.ok(Math.abs(found! - wanted!) <= 1e-6 * wanted!, `${found} for ${wanted}`);
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  accumulator(`makes one part of ${kind} the whole, bit for bit (seed ${SEED})`, () => {
    fc.assert(
      fc.property(columnsOf(fc.oneof(ordinary, odd)), (columns) => {
        assert.equal(inParts(kind, columns, columns.length), atOnce(kind, columns));
      }),
      { seed: SEED, numRuns: 200 },
    );
  });
}

accumulator('has a mean of parts whose sum is no float', () => {
  const columns = [1e308, 1.5e308, 0.5e308, 1.2e308].map((value) => [value, 1, NaN, Infinity]);
  for (let at = 0; at <= columns.length; at++) {
    const [large, ones, nan, infinite] = inParts('avg', columns, at);
    assert.ok(Math.abs(large! / 1.05e308 - 1) < 1e-12);
    assert.equal([ones, nan, infinite], [1, NaN, Infinity]);
  }
});

accumulator.run();
