// Figures of a running engine, for its metrics and its status page.

import type { Core } from './core.ts';
import { TABLE_CONTENTS, type TableContent } from './sstable/format.ts';
import type { StorageStats } from './types.ts';
import type { TableFile } from './version.ts';
import type { WalWriter } from './wal/writer.ts';
import type { Watch } from './watch.ts';
import type { WritePath } from './write-path.ts';

export function statsOf(
  core: Core,
  wal: WalWriter,
  writes: WritePath,
  compactionDebt: number,
  watch: Watch,
): StorageStats {
  const { catalog, series, blockCache, pinned, handles, counters } = core;
  const { active, sealed, windows } = catalog.version.parts;
  const generations = [active, ...sealed];
  const tables = [...catalog.state.tables.values()];
  const ofEvents = tables.filter(({ kind }) => kind === 'events');
  return {
    series: series.count,
    pointsAppended: writes.pointsAppended,
    events: {
      appended: writes.eventsAppended,
      stored: sum(ofEvents, (table) => table.pointCount),
      tableBytes: sum(ofEvents, (table) => table.sizeBytes),
    },
    batchesAppended: writes.batchesAppended,
    memtable: {
      points: sum(generations, ({ memtable, events }) => memtable.points + events.count),
      bytes: sum(generations, ({ memtable, events }) => memtable.bytes + events.bytes),
      sealed: sealed.length,
    },
    wal: {
      segments: wal.segment - (sealed[0] ?? active).walSegment + 1,
      bytes: wal.segmentBytes,
      bytesWritten: wal.bytesWritten,
      syncs: wal.syncs,
    },
    flushes: counters.flushes,
    flushBytesWritten: counters.flushBytesWritten,
    compactions: counters.windowCompactions,
    compactionBytesRead: counters.windowBytesRead,
    compactionBytesWritten: counters.windowBytesWritten,
    compactionDebt,
    mergedTableBytes: sum(windows, ({ tables: files }) =>
      sum(TABLE_CONTENTS, (kind) => mergedBytes(files, kind)),
    ),
    windowsDropped: counters.windowsDropped,
    seriesForgotten: counters.seriesForgotten,
    seriesCacheBytes: series.cacheBytes,
    deletes: counters.deletes,
    tombstones: catalog.state.tombstones.size,
    windows: windows.length,
    tables: tables.length,
    tableBytes: sum(tables, (table) => table.sizeBytes),
    tablePoints: sum(tables, (table) => table.pointCount),
    index: {
      levels: indexLevels(core),
      compactions: counters.indexCompactions,
      bytesWritten: counters.indexBytesWritten,
    },
    blockCache: {
      bytes: blockCache.bytes,
      bytesMax: blockCache.bytesMax,
      hits: blockCache.hits,
      misses: blockCache.misses,
    },
    pinned: { bytes: pinned.bytes, bytesMax: pinned.bytesMax },
    handles: { open: handles.open, max: handles.max, exhausted: handles.exhausted },
    scrub: watch.scrub,
    writeStallMs: writes.stallMs,
    scans: counters.scans,
    scanTables: counters.scanTables,
    blocksRead: counters.blocksRead,
    blocksUsed: counters.blocksUsed,
    quarantined: catalog.quarantined,
    readOnly: core.trouble.refusal !== undefined,
    refusals: { ...writes.refusals, troubles: core.trouble.count },
  };
}

/**
 * What one table of a kind in a window would take, about: its points at the rate of its largest.
 * Points that were written twice count twice, so the truth is rather below.
 */
function mergedBytes(tables: readonly TableFile[], kind: TableContent): number {
  const metas = tables.map(({ meta }) => meta).filter((meta) => meta.kind === kind);
  if (metas.length === 0) return 0;
  const largest = metas.reduce((a, b) => (b.pointCount > a.pointCount ? b : a));
  const points = sum(metas, ({ pointCount }) => pointCount);
  const merged = (largest.sizeBytes / largest.pointCount) * points;
  // Of many small tables even the largest has more overhead than a merged one would.
  return Math.min(
    merged,
    sum(metas, ({ sizeBytes }) => sizeBytes),
  );
}

function indexLevels({ catalog }: Core): StorageStats['index']['levels'] {
  const levels: { tables: number; bytes: number }[] = [];
  for (const { level, sizeBytes } of catalog.state.indexTables.values()) {
    while (levels.length <= level) levels.push({ tables: 0, bytes: 0 });
    levels[level]!.tables++;
    levels[level]!.bytes += sizeBytes;
  }
  return levels;
}

function sum<Item>(items: readonly Item[], figure: (item: Item) => number): number {
  return items.reduce((total, item) => total + figure(item), 0);
}
