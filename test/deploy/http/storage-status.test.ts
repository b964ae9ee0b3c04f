import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { storageStatus } from '../../../deploy/http/storage-status.ts';
import { createNaiveStorage } from '../../support/naive-storage.ts';

const status = suite('deploy/http/storage-status');

const HOUR_MS = 3_600_000;
const FOREVER = { name: 'audit', keepMs: Number.POSITIVE_INFINITY, windowMs: HOUR_MS };

status('windows are added up by policy, also under one that is no longer in force', () => {
  const old = { name: 'old', keepMs: HOUR_MS, windowMs: HOUR_MS };
  const window = (policy: typeof old, startMs: number) => ({
    key: `${policy.name}/${startMs}`,
    policy,
    startMs,
    endMs: startMs + HOUR_MS,
    tables: 2,
    points: 100,
    series: 5,
    sizeBytes: 300,
  });
  const windows = [window(FOREVER, 0), window(FOREVER, HOUR_MS), window(old, 0)];
  const stats = createNaiveStorage().stats();
  const { policies } = storageStatus({
    policies: [FOREVER],
    windows: () => windows,
    stats: () => stats,
  });
  assert.equal(JSON.parse(JSON.stringify(policies)), [
    { ...FOREVER, keepMs: null, windows: 2, tables: 4, points: 200, sizeBytes: 600 },
    { ...old, windows: 1, tables: 2, points: 100, sizeBytes: 300 },
  ]);
});

status('write amplification is what went to disk per byte of points', () => {
  const stats = createNaiveStorage().stats();
  const of = (change: object) =>
    storageStatus({ policies: [], windows: () => [], stats: () => ({ ...stats, ...change }) })
      .amplification.write;
  assert.is(of({}), null);
  const wal = { ...stats.wal, bytesWritten: 150 };
  assert.is(of({ pointsAppended: 10, wal, flushBytesWritten: 90 }), 1.5);
});

status('amplification of reads and of space is a ratio too', () => {
  const stats = createNaiveStorage().stats();
  const reads = { blocksRead: 30, blocksUsed: 20, scans: 4, scanTables: 8 };
  const { amplification } = storageStatus({
    policies: [],
    windows: () => [],
    stats: () => ({ ...stats, ...reads, tableBytes: 300, mergedTableBytes: 240 }),
  });
  assert.equal(amplification, { write: null, read: 1.5, tablesPerQuery: 2, space: 1.25 });
});

status.run();
