import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_LIMITS, type IngestLimits } from '../../ingest/limits.ts';
import { createRejections, rejectedId } from '../../ingest/reasons.ts';
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

/** Looks up series named `names`, and keeps their ids in `known`; undefined has no labels. */
async function run(
  names: readonly (string | undefined)[],
  storage: Storage,
  known = new Map<string, number>(),
  limits: Partial<IngestLimits> = {},
): Promise<number[]> {
  const all = { ...DEFAULT_LIMITS, ...limits };
  const rejections = createRejections();
  const series = createSeriesLookup({ storage, limits: all, guards: [], rejections });
  const ids: number[] = [];
  for (const name of names) {
    const labels = name === undefined ? [] : toLabels({ name });
    series.add(
      known.get(name ?? '') ?? 0,
      () => labels,
      (id) => {
        ids.push(id);
        known.set(name ?? '', id);
      },
    );
  }
  await series.settle();
  return ids;
}

lookup('assigns in the order of the calls, new and known ones mixed', async () => {
  const { storage } = slowStorage();
  const known = new Map<string, number>();
  assert.equal(await run(['known'], storage, known), [1]);
  const ids = await run(['new', 'known', undefined, 'newer', 'new'], storage, known);
  assert.equal(ids, [2, 1, rejectedId('no_labels'), 3, 2]);
});

lookup('asks storage once for all that are new, and for no others', async () => {
  const { storage, asked } = slowStorage();
  const known = new Map<string, number>();
  await run(['a', 'b', 'c'], storage, known);
  assert.is(asked(), 1);
  assert.equal(await run(['c', 'b', 'a'], storage, known), [3, 2, 1]);
  assert.is(asked(), 1);
});

lookup('registers up to the limit, and later what a higher limit allows', async () => {
  const { storage } = slowStorage();
  const over = rejectedId('series_limit');
  assert.equal(await run(['a', 'b', 'c', 'a'], storage, new Map(), { series: 2 }), [1, 2, over, 1]);
  assert.equal(await run(['c'], storage, new Map(), { series: 3 }), [3]);
});

lookup.run();
