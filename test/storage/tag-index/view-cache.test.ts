import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLabelsKeys } from '../../../storage/series/labels-key.ts';
import { IndexMemory } from '../../../storage/tag-index/memory.ts';
import type { IndexView } from '../../../storage/tag-index/view.ts';
import { createViewCache } from '../../../storage/tag-index/view-cache.ts';

const viewCache = suite('storage/tag-index/view-cache');

const keyOf = createLabelsKeys();

function emptyView(): IndexView {
  return { memory: new IndexMemory(), sealed: [], levels: [] };
}

/** Counts how often something had to be found. */
function createFinder() {
  const cache = createViewCache<string>(({ length }) => length, 8);
  let found = 0;
  return {
    get: (view: IndexView, key: string, result = key) =>
      cache.get(view, key, async () => {
        found++;
        return result;
      }),
    found: () => found,
  };
}

viewCache('finds once what is asked for twice', async () => {
  const { get, found } = createFinder();
  const view = emptyView();
  assert.is(await get(view, 'a'), 'a');
  assert.is(await get(view, 'a', 'another'), 'a');
  assert.is(await get(view, 'b'), 'b');
  assert.is(found(), 2);
});

viewCache('finds again once a series is registered or forgotten', async () => {
  const { get } = createFinder();
  const view = emptyView();
  const key = keyOf([{ name: '__name__', value: 'up' }]);
  await get(view, 'a');
  view.memory.add(key, 1);
  assert.is(await get(view, 'a', 'added'), 'added');
  view.memory.forget(key, 1, true);
  assert.is(await get(view, 'a', 'forgotten'), 'forgotten');
});

viewCache('does not keep what changed while it was being found', async () => {
  const cache = createViewCache<string>(() => 1, 8);
  const view = emptyView();
  await cache.get(view, 'a', async () => {
    view.memory.add(keyOf([{ name: '__name__', value: 'up' }]), 1);
    return 'before';
  });
  assert.is(await cache.get(view, 'a', async () => 'after'), 'after');
});

viewCache('tells views apart', async () => {
  const { get } = createFinder();
  await get(emptyView(), 'a');
  assert.is(await get(emptyView(), 'a', 'another'), 'another');
});

viewCache('keeps nothing large', async () => {
  const { get, found } = createFinder();
  const view = emptyView();
  for (let i = 0; i < 2; i++) await get(view, 'a', 'nine bytes');
  for (let i = 0; i < 2; i++) await get(view, 'k'.repeat(4096), 'a');
  assert.is(found(), 4);
});

viewCache.run();
