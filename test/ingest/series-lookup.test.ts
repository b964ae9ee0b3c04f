import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_LIMITS, type IngestLimits } from '../../ingest/limits.ts';
import { createRejections, rejectedId } from '../../ingest/reasons.ts';
import { createSeriesCaches } from '../../ingest/series-cache.ts';
import { createSeriesLookup } from '../../ingest/series-lookup.ts';
import type { Storage } from '../../storage/index.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import { toLabels } from '../support/write-requests.ts';

const lookup = suite('ingest/series-lookup');

/** A naive storage that has to read a disk for every answer. */
function slowStorage() {
  const inner = createNaiveStorage();
  let asked = 0;
  const storage: Storage = {
    ...inner,
    get seriesCount() {
      return inner.seriesCount;
    },
    resolve: async (labelSets, admit) => {
      asked++;
      return inner.resolve(labelSets, admit);
    },
  };
  return { storage, asked: () => asked };
}

/** Looks up series named `names`; undefined stands for one without labels. */
async function run(
  names: readonly (string | undefined)[],
  storage: Storage,
  cache = createSeriesCaches(1e6).open(),
  limits: Partial<IngestLimits> = {},
): Promise<number[]> {
  const all = { ...DEFAULT_LIMITS, ...limits };
  const rejections = createRejections();
  const series = createSeriesLookup({ storage, cache, limits: all, guards: [], rejections });
  const ids: number[] = [];
  for (const name of names) {
    const labels = name === undefined ? [] : toLabels({ name });
    series.add(
      name ?? '',
      () => labels,
      (id) => ids.push(id),
    );
  }
  await series.settle();
  return ids;
}

lookup('assigns in the order of the calls, new and known ones mixed', async () => {
  const { storage } = slowStorage();
  const cache = createSeriesCaches(1e6).open();
  assert.equal(await run(['known'], storage, cache), [1]);
  const ids = await run(['new', 'known', undefined, 'newer', 'new'], storage, cache);
  assert.equal(ids, [2, 1, rejectedId('no_labels'), 3, 2]);
});

lookup('asks storage once for all that are new, and never again', async () => {
  const { storage, asked } = slowStorage();
  const cache = createSeriesCaches(1e6).open();
  await run(['a', 'b', 'c'], storage, cache);
  assert.is(asked(), 1);
  assert.equal(await run(['c', 'b', 'a'], storage, cache), [3, 2, 1]);
  assert.is(asked(), 1);
});

lookup('registers up to the limit, and later what a higher limit allows', async () => {
  const { storage } = slowStorage();
  const cache = createSeriesCaches(1e6).open();
  const over = rejectedId('series_limit');
  assert.equal(await run(['a', 'b', 'c', 'a'], storage, cache, { series: 2 }), [1, 2, over, 1]);
  assert.equal(await run(['c'], storage, cache, { series: 3 }), [3]);
});

lookup.run();
