// The worked bytes of tombstones.md are what the code reads, and what it writes.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteReader } from '../../../storage/coding/byte-reader.ts';
import type { Edit } from '../../../storage/manifest/edit.ts';
import { decodeEdit, encodeEdit } from '../../../storage/manifest/edit-codec.ts';
import { runsOf } from '../../../storage/series/series-runs.ts';
import { hexExample } from '../../support/documents.ts';

const docs = suite('storage/docs: tombstones');

const EDIT: Edit = {
  removeTombstones: [9],
  addTombstones: [
    {
      sequence: 21,
      startMs: 1_700_000_000_000,
      endMs: 1_700_003_600_001,
      series: runsOf(Uint32Array.of(3, 4, 300)),
    },
  ],
  cleaned: [{ number: 12, sequence: 21 }],
  nextFileNumber: 22,
};

docs('the example of tombstones.md is read as it says', () => {
  const reader = new ByteReader(hexExample('tombstones.md'), 'tombstones.md');
  assert.equal(decodeEdit(reader), EDIT);
});

docs('the example of tombstones.md is what is written', () => {
  assert.equal([...encodeEdit(EDIT)], [...hexExample('tombstones.md')]);
});

docs.run();
