import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createSeriesPredictor,
  type SeriesPredictor,
  viewOf,
} from '../../ingest/series-predictor.ts';
import { property } from '../support/seed.ts';

const predictor = suite('ingest/series-predictor');

/** What a caller does with a key: the id that was expected, or 0 and it is learned. */
function come(series: SeriesPredictor, key: string, id: number): number {
  const bytes = Buffer.from(`<${key}>`);
  if (series.expected(viewOf(bytes), 1, bytes.length - 1) === key.length) return series.take();
  series.learn(bytes, 1, bytes.length - 1, id);
  return 0;
}

predictor('expects what came next the last time', () => {
  const series = createSeriesPredictor(1e6);
  const round = () => ['a', 'bb', 'c'].map((key, i) => come(series, key, i + 1));
  assert.equal(round(), [0, 0, 0]);
  // Nothing is known to come before the first, and then nothing to follow the last.
  assert.equal(round(), [0, 2, 3]);
  assert.equal(round(), [1, 2, 3]);
});

predictor('goes on behind one that was not expected', () => {
  const series = createSeriesPredictor(1e6);
  const ids = new Map(['a', 'b', 'c', 'd'].map((key, i) => [key, i + 1]));
  const round = (keys: string) => Array.from(keys, (key) => come(series, key, ids.get(key)!));
  round('abcd');
  assert.equal(round('abcd'), [0, 2, 3, 4]);
  assert.equal(round('acd'), [1, 0, 4]);
});

predictor('a key that only begins as the expected one is shown as that', () => {
  const series = createSeriesPredictor(1e6);
  come(series, 'a', 1);
  come(series, 'b', 2);
  come(series, 'a', 1);
  const longer = viewOf(Buffer.from('bc'));
  assert.is(series.expected(longer, 0, 2), 1);
  assert.is(series.expected(longer, 0, 0), 0);
});

predictor('compares only the rest of a key that begins as the one before', () => {
  const series = createSeriesPredictor(1e6);
  for (let round = 0; round < 3; round++) {
    come(series, 'head a', 1);
    come(series, 'head bc', 2);
  }
  const rest = viewOf(Buffer.from('bcd'));
  assert.is(series.expected(viewOf(Buffer.from('head a')), 0, 6), 6);
  assert.is(series.take(), 1);
  assert.is(series.expectedRest(5, rest, 0, 3), 2);
  assert.is(series.expectedRest(5, rest, 0, 1), 0);
  // Their sixth bytes differ.
  assert.is(series.expectedRest(6, viewOf(Buffer.from('c')), 0, 1), 0);
  assert.is(series.take(), 2);
});

predictor('what does not fit is learned anew, and never mistaken', () => {
  const keys = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 300 });
  fc.assert(
    fc.property(keys, (all) => {
      const series = createSeriesPredictor(200);
      for (const id of all) {
        const found = come(series, `key-${id}`.padEnd(id), id);
        assert.ok(found === 0 || found === id, `${found} for ${id}`);
      }
    }),
    property(200),
  );
});

predictor('a huge key is not worth its memory', () => {
  const series = createSeriesPredictor(1e6);
  const key = 'x'.repeat(5000);
  for (let i = 0; i < 3; i++) assert.is(come(series, key, 1), 0);
});

predictor.run();
