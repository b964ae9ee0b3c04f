import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_LIMITS } from '../../../query/limits.ts';
import { createParser } from '../../../query/promql/parse-cache.ts';

const parseCache = suite('query/promql/parse-cache');

parseCache('parses what is asked for again only once', () => {
  const parse = createParser(DEFAULT_LIMITS);
  const first = parse('sum(rate(x[5m]))');
  assert.is(parse('sum(rate(x[5m]))'), first);
  assert.is.not(parse('sum(rate(x[6m]))'), first);
});

parseCache('lets go of what was asked for longest ago', () => {
  const parse = createParser(DEFAULT_LIMITS);
  const [kept, left] = [parse('kept'), parse('left')];
  for (let i = 0; i < 255; i++) {
    assert.is(parse('kept'), kept);
    parse(`x${i}`);
  }
  assert.is(parse('kept'), kept);
  assert.is.not(parse('left'), left);
});

parseCache('keeps no long text, and refuses a bad one each time', () => {
  const parse = createParser(DEFAULT_LIMITS);
  const long = `x${' '.repeat(4096)}`;
  assert.is.not(parse(long), parse(long));
  for (let i = 0; i < 2; i++) assert.throws(() => parse('sum('), /parse error/);
});

parseCache.run();
