// The server's metrics: one prom-client registry that every room adds its own to, with storage's
// figures copied in just before it is read.

import { statfs } from 'node:fs/promises';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RecoveryInfo, Storage, StorageListener, StorageStats } from '../storage/index.ts';
import { amplificationOf } from './http/storage-status.ts';

/** Names follow Prometheus's conventions: base units, `_total` for what only grows. */
const STORAGE_GAUGES: readonly (readonly [string, string, (stats: StorageStats) => number])[] = [
  ['varve_storage_series', 'Series registered and not forgotten.', (s) => s.series],
  ['varve_storage_windows', 'Windows on disk.', (s) => s.windows],
  ['varve_storage_tables', 'SSTables on disk.', (s) => s.tables],
  ['varve_storage_table_bytes', 'Size of all SSTables.', (s) => s.tableBytes],
  ['varve_storage_table_points', 'Points in all SSTables.', (s) => s.tablePoints],
  ['varve_storage_table_events', 'Events in all SSTables of events.', (s) => s.events.stored],
  ['varve_storage_event_bytes', 'Size of the SSTables of events.', (s) => s.events.tableBytes],
  [
    'varve_storage_read_only',
    '1 while writes are refused because the disk is full or fails.',
    (s) => Number(s.readOnly),
  ],
  [
    'varve_storage_tombstones',
    'Deletes that are not applied to every table yet.',
    (s) => s.tombstones,
  ],
  ['varve_memtable_points', 'Points in memtables.', (s) => s.memtable.points],
  ['varve_memtable_bytes', 'Size of the memtables.', (s) => s.memtable.bytes],
  ['varve_memtable_sealed', 'Sealed memtables waiting for their flush.', (s) => s.memtable.sealed],
  ['varve_wal_segments', 'WAL segments on disk.', (s) => s.wal.segments],
  ['varve_wal_bytes', 'Size of the WAL segments on disk.', (s) => s.wal.bytes],
  [
    'varve_compaction_debt_tables',
    'Tables in the window that waits most to be merged.',
    (s) => s.compactionDebt,
  ],
  [
    'varve_storage_write_amplification',
    'Bytes written to disk per byte of points accepted.',
    (s) => amplificationOf(s).write ?? Number.NaN,
  ],
  [
    'varve_storage_read_amplification',
    'Blocks read per block that held a point of an answer.',
    (s) => amplificationOf(s).read ?? Number.NaN,
  ],
  [
    'varve_storage_space_amplification',
    'Bytes of tables per byte of them fully merged, estimated.',
    (s) => amplificationOf(s).space ?? Number.NaN,
  ],
  ['varve_storage_series_cache_bytes', 'Memory of series in use.', (s) => s.seriesCacheBytes],
  [
    'varve_block_cache_bytes',
    'Blocks in memory, decompressed and decoded.',
    (s) => s.blockCache.bytes,
  ],
  [
    'varve_table_filters_bytes',
    'Filters and indexes of SSTables in memory.',
    (s) => s.pinned.bytes,
  ],
  ['varve_table_handles_open', 'Open files of tables.', (s) => s.handles.open],
  [
    'varve_scrub_last_pass_timestamp_seconds',
    'When the scrubber had last read every table; no value before.',
    (s) => (s.scrub.lastPassMs ?? Number.NaN) / 1000,
  ],
  [
    'varve_scrub_interval_seconds',
    'In which the scrubber is to read every table once; +Inf when it does not run.',
    (s) => s.scrub.everyMs / 1000,
  ],
  ['varve_block_cache_max_bytes', 'Budget of the block cache.', (s) => s.blockCache.bytesMax],
];

const STORAGE_COUNTERS: typeof STORAGE_GAUGES = [
  [
    'varve_storage_tables_quarantined_total',
    'Tables put aside because they cannot be read.',
    (s) => s.quarantined,
  ],
  [
    'varve_table_handles_exhausted_total',
    'Times that no file handle was left, and some of tables were closed.',
    (s) => s.handles.exhausted,
  ],
  ['varve_scrub_read_bytes_total', 'Bytes of tables that the scrubber read.', (s) => s.scrub.bytes],
  ['varve_scrub_damages_total', 'Damaged places that it found.', (s) => s.scrub.damages],
  [
    'varve_storage_disk_troubles_total',
    'Times that a full or failing disk began to be in the way of writes.',
    (s) => s.refusals.troubles,
  ],
  ['varve_storage_points_appended_total', 'Points appended, and events.', (s) => s.pointsAppended],
  ['varve_storage_events_appended_total', 'Events appended.', (s) => s.events.appended],
  ['varve_storage_batches_appended_total', 'Batches appended.', (s) => s.batchesAppended],
  ['varve_storage_windows_dropped_total', 'Windows dropped.', (s) => s.windowsDropped],
  [
    'varve_storage_series_forgotten_total',
    'Series forgotten, as nothing has a point of them.',
    (s) => s.seriesForgotten,
  ],
  ['varve_storage_deletes_total', 'Deletes that had something to hide.', (s) => s.deletes],
  ['varve_storage_blocks_read_total', 'Blocks read from SSTables.', (s) => s.blocksRead],
  ['varve_storage_blocks_used_total', 'Of these, with an answer.', (s) => s.blocksUsed],
  ['varve_storage_scans_total', 'Scans begun.', (s) => s.scans],
  ['varve_storage_scan_tables_total', 'SSTables read by scans.', (s) => s.scanTables],
  ['varve_compactions_total', 'Merges of SSTables of windows.', (s) => s.compactions],
  [
    'varve_compaction_read_bytes_total',
    'Bytes read by merges of SSTables.',
    (s) => s.compactionBytesRead,
  ],
  [
    'varve_compaction_written_bytes_total',
    'Bytes written by merges of SSTables.',
    (s) => s.compactionBytesWritten,
  ],
  [
    'varve_write_stall_seconds_total',
    'Time in which writes had to wait for flushing or compaction.',
    (s) => s.writeStallMs / 1000,
  ],
  ['varve_wal_written_bytes_total', 'Bytes written to the WAL.', (s) => s.wal.bytesWritten],
  ['varve_wal_syncs_total', 'Times the WAL was synced.', (s) => s.wal.syncs],
  ['varve_flushes_total', 'Memtables flushed.', (s) => s.flushes],
  ['varve_flush_written_bytes_total', 'Bytes of flushed SSTables.', (s) => s.flushBytesWritten],
  ['varve_index_compactions_total', 'Compactions of the tag index.', (s) => s.index.compactions],
  [
    'varve_index_written_bytes_total',
    'Bytes written by the tag index.',
    (s) => s.index.bytesWritten,
  ],
  ['varve_block_cache_hits_total', 'Blocks found in the cache.', (s) => s.blockCache.hits],
  ['varve_block_cache_misses_total', 'Blocks not found in the cache.', (s) => s.blockCache.misses],
];

/** From an fsync on a fast disk (0.1 ms) to a flush on a slow one. */
const DURATION_BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export interface ServerMetrics {
  /** Rooms register their own here; read it through `refreshed`. */
  readonly registry: Registry;
  /** To be passed to `openStorage`. */
  readonly listener: Partial<StorageListener>;
  /** The registry with storage's figures as of now. */
  refreshed(storage: Pick<Storage, 'stats'>): Registry;
}

/** Sums that the library names as if they were counters; their parts stay. */
const MISNAMED_GAUGES = ['resources', 'handles', 'requests'].map(
  (what) => `nodejs_active_${what}_total`,
);

export function createServerMetrics(version: string, dataDir: string): ServerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED_GAUGES) registry.removeSingleMetric(name);
  new Gauge({
    name: 'varve_build_info',
    help: 'Always 1; the labels say which build this is.',
    labelNames: ['version', 'node_version'],
    registers: [registry],
  }).set({ version, node_version: process.version }, 1);
  registerFreeBytes(registry, dataDir);
  const refreshStats = registerStats(registry);
  return {
    registry,
    listener: registerListener(registry),
    refreshed(storage) {
      refreshStats(storage.stats());
      return registry;
    },
  };
}

/** No value while the directory cannot be asked: it may be gone. */
function registerFreeBytes(registry: Registry, dataDir: string): void {
  new Gauge({
    name: 'varve_storage_free_bytes',
    help: 'Space that is left for the data directory.',
    registers: [registry],
    async collect() {
      this.reset();
      const stats = await statfs(dataDir).catch(() => undefined);
      if (stats !== undefined) this.set(stats.bavail * stats.bsize);
      else this.remove();
    },
  });
}

function registerStats(registry: Registry): (stats: StorageStats) => void {
  const registers = [registry];
  const gauges = STORAGE_GAUGES.map(
    ([name, help, read]) => [new Gauge({ name, help, registers }), read] as const,
  );
  const counters = STORAGE_COUNTERS.map(
    ([name, help, read]) => [new Counter({ name, help, registers }), read] as const,
  );
  const byLevel = { labelNames: ['level'], registers } as const;
  const levelTables = new Gauge({
    name: 'varve_index_tables',
    help: 'Tables of the tag index by level.',
    ...byLevel,
  });
  const refused = new Counter({
    name: 'varve_storage_writes_refused_total',
    help: 'Batches refused, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const levelBytes = new Gauge({
    name: 'varve_index_bytes',
    help: 'Size of the tag index by level.',
    ...byLevel,
  });
  return (stats) => {
    for (const [gauge, read] of gauges) gauge.set(read(stats));
    for (const [counter, read] of counters) {
      // Storage keeps the total; a counter here can only be moved there from zero.
      counter.reset();
      counter.inc(read(stats));
    }
    refused.reset();
    refused.inc({ reason: 'disk_full' }, stats.refusals.diskFull);
    refused.inc({ reason: 'disk_failing' }, stats.refusals.diskFailing);
    refused.inc({ reason: 'flush_behind' }, stats.refusals.flushBehind);
    stats.index.levels.forEach(({ tables, bytes }, level) => {
      levelTables.set({ level }, tables);
      levelBytes.set({ level }, bytes);
    });
  };
}

function registerListener(registry: Registry): Partial<StorageListener> {
  const registers = [registry];
  const timing = (name: string, help: string) =>
    new Histogram({ name, help, buckets: DURATION_BUCKETS_SECONDS, registers });
  const walSync = timing('varve_wal_sync_duration_seconds', 'Time that an fsync of the WAL took.');
  const flush = timing('varve_flush_duration_seconds', 'Time that a flush of a memtable took.');
  const corruptions = new Counter({
    name: 'varve_storage_corruptions_total',
    help: 'Damaged places met on disk.',
    registers,
  });
  const backgroundErrors = new Counter({
    name: 'varve_storage_background_errors_total',
    help: 'Failures of flushes, compactions and other work in the background.',
    registers,
  });
  const recovered = registerRecovery(registry);
  return {
    walSynced: ({ durationMs }) => walSync.observe(durationMs / 1000),
    flushed: ({ durationMs }) => flush.observe(durationMs / 1000),
    recovered,
    corruption: () => corruptions.inc(),
    backgroundError: () => backgroundErrors.inc(),
  };
}

function registerRecovery(registry: Registry): (info: RecoveryInfo) => void {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
  const duration = gauge('varve_recovery_duration_seconds', 'Time that the last start-up took.');
  const points = gauge('varve_recovery_points', 'Points replayed from the WAL at the last start.');
  const torn = gauge('varve_recovery_torn_bytes', 'Unfinished bytes cut off at the last start.');
  const unclean = gauge(
    'varve_recovery_unclean',
    '1 when the run before ended without a shutdown.',
  );
  return (info) => {
    duration.set(info.durationMs / 1000);
    points.set(info.points);
    torn.set(info.tornBytes);
    unclean.set(Number(info.unclean));
  };
}
