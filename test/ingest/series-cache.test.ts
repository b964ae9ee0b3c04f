import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSeriesCaches } from '../../ingest/series-cache.ts';

const cache = suite('ingest/series-cache');
const BYTES_MAX = 100 * 1000;

cache('remembers what it is told', () => {
  const ids = createSeriesCaches(BYTES_MAX).open();
  assert.is(ids.get('a'), 0);
  ids.set('a', 7);
  assert.is(ids.get('a'), 7);
});

cache('forgets what nobody asks for, keeps what somebody does', () => {
  const ids = createSeriesCaches(BYTES_MAX).open();
  ids.set('wanted', 1);
  ids.set('unwanted', 2);
  for (let i = 0; i < 5000; i++) {
    ids.set(`filler-${i}`, i + 3);
    assert.is(ids.get('wanted'), 1);
  }
  assert.is(ids.get('unwanted'), 0);
});

cache('holds no more than its two generations', () => {
  const ids = createSeriesCaches(BYTES_MAX).open();
  const keys = Array.from({ length: 5000 }, (_, i) => `key-${i}`.padEnd(36));
  for (const [i, key] of keys.entries()) ids.set(key, i + 1);
  const known = keys.filter((key) => ids.get(key) !== 0);
  // An entry of 36 characters counts 100 bytes.
  assert.ok(known.length >= 500 && known.length <= 1000, `${known.length} known`);
});

cache('the same key means another series in another cache', () => {
  const caches = createSeriesCaches(BYTES_MAX);
  const [one, other] = [caches.open(), caches.open()];
  one.set('a', 1);
  assert.is(other.get('a'), 0);
  other.set('a', 2);
  assert.is(one.get('a'), 1);
});

cache('what one cache needs is taken from what others do not ask for', () => {
  const caches = createSeriesCaches(BYTES_MAX);
  const [quiet, busy] = [caches.open(), caches.open()];
  quiet.set('a', 1);
  for (let i = 0; i < 5000; i++) busy.set(`key-${i}`, i + 1);
  assert.is(quiet.get('a'), 0);
});

cache('a huge key is not worth its memory', () => {
  const ids = createSeriesCaches(BYTES_MAX).open();
  ids.set('x'.repeat(5000), 1);
  assert.is(ids.get('x'.repeat(5000)), 0);
});

cache.run();
