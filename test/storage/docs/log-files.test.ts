// The worked bytes of wal.md and manifest.md are what the code reads, and what it writes.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMarker, decodeLogHeader } from '../../../storage/coding/log-format.ts';
import { EventBuffer } from '../../../storage/events/event-columns.ts';
import { applyEdit, EMPTY_STATE, snapshotEdit } from '../../../storage/manifest/edit.ts';
import { encodeEdit } from '../../../storage/manifest/edit-codec.ts';
import { replayManifest } from '../../../storage/manifest/log.ts';
import { encodeLabels } from '../../../storage/series/labels-codec.ts';
import { WalGroup } from '../../../storage/wal/group.ts';
import { replayWal } from '../../../storage/wal/reader.ts';
import type { WalRecord } from '../../../storage/wal/record.ts';
import { createMemoryFileSystem } from '../../sim/memory-fs.ts';
import { hexExample } from '../../support/documents.ts';
import { tableMeta } from '../../support/manifest.ts';

const docs = suite('storage/docs: log files');
const HEADER_BYTES = 24;

const up = (job: string) => [
  { name: '__name__', value: 'up' },
  { name: 'job', value: job },
];
const WAL_RECORDS: WalRecord[] = [
  {
    kind: 'series',
    entries: [
      { id: 1, labels: up('api') },
      { id: 2, labels: up('db') },
    ],
  },
  {
    kind: 'points',
    batch: {
      ids: Uint32Array.of(1, 2, 1),
      timestampsMs: Float64Array.of(1_700_000_000_000, 1_700_000_000_000, 1_700_000_015_000),
      values: Float64Array.of(1, 0, 1),
    },
  },
  { kind: 'events', events: eventsOfDb() },
];

function eventsOfDb() {
  const buffer = new EventBuffer();
  const by = encodeLabels([{ name: 'by', value: 'x' }]);
  buffer.add(2, 1_700_000_000_000, 5, new TextEncoder().encode('down'), by);
  buffer.add(2, 1_700_000_000_000, 5, new TextEncoder().encode('up'));
  return buffer.columns();
}

docs('the example of wal.md is read as it says', async () => {
  const fs = createMemoryFileSystem();
  fs.plant('data/wal/000007.wal', hexExample('wal.md'));
  const found: WalRecord[] = [];
  const onRecord = (record: WalRecord): void => void found.push(record);
  const result = await replayWal({ dir: 'data', fs, fromSegment: 7, onRecord });
  assert.equal(found, WAL_RECORDS);
  assert.equal([result.tornBytes, result.skipped.length], [0, 0]);
});

docs('the example of wal.md is what is written', () => {
  const example = hexExample('wal.md');
  const header = decodeLogHeader('wal', example);
  assert.is(header?.number, 7);
  const group = new WalGroup(7, header?.marker ?? 0);
  for (const record of WAL_RECORDS) group.add(record);
  assert.equal([...group.bytes], [...example.subarray(HEADER_BYTES)]);
});

const EDIT = {
  policies: [{ id: 1, name: 'default', windowMs: 7_200_000, keepMs: 2_592_000_000 }],
  addTables: [
    tableMeta(12, {
      windowStartMs: 1_699_999_200_000,
      windowEndMs: 1_700_006_400_000,
      sizeBytes: 4096,
      minTimestampMs: 1_700_000_000_000,
      maxTimestampMs: 1_700_000_015_000,
      firstSeries: 1,
      lastSeries: 2,
      seriesCount: 2,
      pointCount: 3,
      sequence: 5,
    }),
  ],
  walSegment: 8,
  nextFileNumber: 13,
};

docs('the example of manifest.md is read as it says', async () => {
  const path = 'data/manifest/000003.manifest';
  const fs = createMemoryFileSystem();
  fs.plant(path, hexExample('manifest.md'));
  const { state, edits, tornBytes } = await replayManifest(path, fs);
  assert.equal({ ...state }, applyEdit(EMPTY_STATE, EDIT));
  assert.equal([edits, tornBytes], [2, 0]);
});

docs('the example of manifest.md is what is written', () => {
  const example = Buffer.from(hexExample('manifest.md')).toString('hex');
  const bytes = (edit: Uint8Array): string => Buffer.from(edit).toString('hex');
  assert.ok(example.endsWith(bytes(encodeEdit(EDIT))));
  assert.ok(example.includes(bytes(encodeEdit(snapshotEdit(EMPTY_STATE)))));
  const header = decodeLogHeader('manifest', Buffer.from(example, 'hex'));
  assert.is(header?.marker, createMarker([3]));
});

docs.run();
