// The worked bytes of tag-index.md are what the code reads.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeLabels } from '../../../storage/series/labels-codec.ts';
import { createBlockCache } from '../../../storage/sstable/block-cache.ts';
import { DELETE, PUT, type RecordKind } from '../../../storage/tag-index/format.ts';
import {
  filterHash,
  idKeyOf,
  labelsKeyOf,
  pairKeyOfText,
  postingsKeyOf,
} from '../../../storage/tag-index/keys.ts';
import { openIndexTable, readIndexTable } from '../../../storage/tag-index/table.ts';
import { hexExample } from '../../support/documents.ts';
import { createIndexLab } from '../../support/index-lab.ts';
import { memoryFile } from '../../support/memory-file.ts';

const docs = suite('storage/docs: tag index');

const up = (job: string) => [
  { name: '__name__', value: 'up' },
  { name: 'job', value: job },
];
const bytesOf = (job: string) => encodeLabels(up(job));
const pairOf = (name: string, value: string) => postingsKeyOf(pairKeyOfText(name, value), 0);

const RECORDS: [kind: RecordKind, key: Uint8Array, value: ArrayLike<number>][] = [
  [PUT, labelsKeyOf(bytesOf('db')), [2, 0, 0, 0]],
  [PUT, labelsKeyOf(bytesOf('api')), [1, 0, 0, 0]],
  [DELETE, labelsKeyOf(bytesOf('cron')), []],
  [PUT, idKeyOf(1), bytesOf('api')],
  [PUT, idKeyOf(2), bytesOf('db')],
  [DELETE, idKeyOf(3), []],
  [DELETE, pairOf('', ''), [3]],
  [PUT, pairOf('', ''), [1, 1]],
  [DELETE, pairOf('__name__', ''), [3]],
  [PUT, pairOf('__name__', ''), [1, 1]],
  [DELETE, pairOf('__name__', 'up'), [3]],
  [PUT, pairOf('__name__', 'up'), [1, 1]],
  [DELETE, pairOf('job', ''), [3]],
  [PUT, pairOf('job', ''), [1, 1]],
  [PUT, pairOf('job', 'api'), [1]],
  [DELETE, pairOf('job', 'cron'), [3]],
  [PUT, pairOf('job', 'db'), [2]],
];

const want = RECORDS.map(([kind, key, value]) => ({ key, kind, value: Uint8Array.from(value) }));

docs('the example of tag-index.md is read as it says', async () => {
  const bytes = hexExample('tag-index.md');
  const seen = [...readIndexTable(bytes, 'example.idx')];
  assert.equal(
    seen.map(({ key, kind, value }) => ({ key, kind, value: Uint8Array.from(value) })),
    want,
  );
  const table = await openIndexTable(memoryFile(bytes), 'example.idx', 1, createBlockCache(1e6));
  const { entryCount, firstId, lastId } = table.index;
  assert.equal([entryCount, firstId, lastId], [want.length, 1, 3]);
  for (const { key } of want) {
    const hash = filterHash(key);
    assert.ok(hash === undefined || table.mayContain(hash));
  }
  assert.not(table.mayContain(filterHash(labelsKeyOf(bytesOf('web')))!));
});

docs('the example of tag-index.md is what a flush writes', async () => {
  const lab = createIndexLab();
  lab.forget(up('cron'), 3);
  lab.add(up('api'));
  lab.add(up('db'));
  lab.seal();
  await lab.flush();
  const written = [...lab.tables.values()].flatMap(({ bytes }) => [
    ...readIndexTable(bytes, 'flushed.idx'),
  ]);
  assert.equal(written, want);
});

docs.run();
