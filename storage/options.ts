// What openStorage does when it is not told otherwise. Units and meanings are in types.ts.

import { assert } from './assert.ts';
import type { IoRate } from './io-budget.ts';
import type { StorageListener } from './listener.ts';
import { DEFAULT_POLICIES } from './policies.ts';
import { DEFAULT_LEVEL_LIMITS, INDEX_TABLE_BYTES, type LevelLimits } from './tag-index/picker.ts';
import type { CompactionOptions, PolicySet, StorageOptions, WalSync } from './types.ts';
import { DEFAULT_WINDOW_LIMITS, type WindowLimits } from './windows/picker.ts';

const MIB = 2 ** 20;

/** StorageOptions with nothing left open. */
export interface Settings {
  readonly walSync: WalSync;
  readonly walIntervalMs: number;
  readonly memtableBytesMax: number;
  readonly memtableAgeMsMax: number;
  readonly memtablesSealedMax: number;
  readonly writeWaitMsMax: number;
  readonly blockCacheBytes: number;
  readonly seriesCacheBytes: number;
  readonly forgetGraceMs: number;
  readonly pinnedBytes: number;
  readonly scrubEveryMs: number;
  readonly reserveBytes: number;
  readonly indexLimits: LevelLimits;
  readonly indexTableBytes: number;
  readonly indexBloomBitsPerKey: number;
  readonly compactionRate: IoRate;
  readonly compactionJobPoints: number;
  readonly closedWhenAsked: boolean;
  readonly windowLimits: WindowLimits;
  readonly stopTables: number;
  readonly policies: PolicySet;
  readonly listener: Partial<StorageListener>;
}

export function settle(options: StorageOptions): Settings {
  const settings: Settings = {
    walSync: options.wal?.sync ?? 'group',
    walIntervalMs: options.wal?.intervalMs ?? 200,
    memtableBytesMax: options.memtable?.bytesMax ?? 64 * MIB,
    memtableAgeMsMax: options.memtable?.ageMsMax ?? 30 * 60_000,
    memtablesSealedMax: options.memtable?.sealedMax ?? 2,
    writeWaitMsMax: options.writeWaitMsMax ?? 5000,
    blockCacheBytes: options.blockCacheBytes ?? 256 * MIB,
    seriesCacheBytes: options.series?.cacheBytes ?? 64 * MIB,
    forgetGraceMs: options.series?.forgetGraceMs ?? 60_000,
    scrubEveryMs: options.scrubEveryMs ?? 7 * 86_400_000,
    pinnedBytes: options.pinnedBytes ?? 64 * MIB,
    reserveBytes: options.reserveBytes ?? 64 * MIB,
    indexLimits: {
      levelZeroTables: options.index?.levelZeroTables ?? DEFAULT_LEVEL_LIMITS.levelZeroTables,
      levelOneBytes: options.index?.levelOneBytes ?? DEFAULT_LEVEL_LIMITS.levelOneBytes,
      ratio: options.index?.levelRatio ?? DEFAULT_LEVEL_LIMITS.ratio,
    },
    indexBloomBitsPerKey: options.index?.bloomBitsPerKey ?? 10,
    indexTableBytes: options.index?.tableBytes ?? INDEX_TABLE_BYTES,
    compactionRate: options.compaction?.rate ?? 'auto',
    compactionJobPoints: options.compaction?.jobPoints ?? 2 ** 20,
    closedWhenAsked: options.compaction?.closedWhenAsked ?? false,
    windowLimits: settleWindowLimits(options.compaction ?? {}),
    stopTables: options.compaction?.stopTables ?? 48,
    policies: options.policies ?? DEFAULT_POLICIES,
    listener: options.listener ?? {},
  };
  assert(
    settings.memtablesSealedMax >= 1,
    'a sealed memtable may wait while the next takes writes',
  );
  assert(settings.indexLimits.ratio > 1, 'levels of the tag index grow downwards');
  const { tablesMax } = settings.windowLimits;
  assert(settings.stopTables > tablesMax, 'writes are slowed before they are stopped');
  return settings;
}

function settleWindowLimits(options: CompactionOptions): WindowLimits {
  const defaults = DEFAULT_WINDOW_LIMITS;
  const limits: WindowLimits = {
    fanIn: options.fanIn ?? defaults.fanIn,
    tablesMax: options.slowdownTables ?? defaults.tablesMax,
    graceMs: options.graceMs ?? defaults.graceMs,
    quietMs: options.quietMs ?? defaults.quietMs,
    lateShare: options.lateShare ?? defaults.lateShare,
    inputBytesMax: options.inputBytesMax ?? defaults.inputBytesMax,
    inputTablesMax: defaults.inputTablesMax,
  };
  assert(limits.fanIn >= 2, 'a merge has two tables');
  assert(limits.tablesMax >= limits.fanIn, 'a window with too many tables has some to merge');
  assert(limits.inputTablesMax >= limits.fanIn, 'a merge may read the tables that call for it');
  return limits;
}
