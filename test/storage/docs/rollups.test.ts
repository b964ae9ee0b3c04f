// The worked bytes of rollups.md are what the code reads, and what it writes.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteReader } from '../../../storage/coding/byte-reader.ts';
import type { Edit } from '../../../storage/manifest/edit.ts';
import { decodeEdit, encodeEdit } from '../../../storage/manifest/edit-codec.ts';
import { hexExample } from '../../support/documents.ts';

const docs = suite('storage/docs: rollups');

const EDIT: Edit = {
  policies: [
    {
      id: 3,
      name: 'default',
      windowMs: 86_400_000,
      keepMs: 31_536_000_000,
      rollup: { everyMs: 300_000, sourceId: 1 },
    },
    {
      id: 2,
      name: 'default',
      windowMs: 86_400_000,
      keepMs: 31_536_000_000,
      rollup: { everyMs: 3_600_000, sourceId: 1, untilMs: 1_699_977_600_000 },
    },
  ],
  addTables: [
    {
      kind: 'max',
      stepMs: 300_000,
      number: 24,
      policyId: 3,
      windowStartMs: 1_699_920_000_000,
      windowEndMs: 1_700_006_400_000,
      sizeBytes: 4096,
      minTimestampMs: 1_699_999_200_000,
      maxTimestampMs: 1_700_006_100_000,
      firstSeries: 1,
      lastSeries: 2,
      seriesCount: 2,
      pointCount: 48,
      sequence: 20,
    },
  ],
  removeRolled: [{ tierId: 3, startMs: 1_699_977_600_000 }],
  rolled: [{ tierId: 3, startMs: 1_699_999_200_000, tableSequence: 12, tombstoneSequence: 9 }],
  dropped: [{ policyId: 1, beforeMs: 1_699_984_800_000 }],
  nextFileNumber: 30,
};

docs('the example of rollups.md is read as it says', () => {
  assert.equal(decodeEdit(new ByteReader(hexExample('rollups.md'), 'rollups.md')), EDIT);
});

docs('the example of rollups.md is what is written', () => {
  assert.equal([...encodeEdit(EDIT)], [...hexExample('rollups.md')]);
});

docs.run();
