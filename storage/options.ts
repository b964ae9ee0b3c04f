// What openStorage does when it is not told otherwise. Units and meanings are in types.ts.

import { assert } from './assert.ts';
import { DEFAULT_POLICIES } from './policies.ts';
import { DEFAULT_LEVEL_LIMITS, INDEX_TABLE_BYTES, type LevelLimits } from './tag-index/picker.ts';
import type { PolicySet, StorageListener, StorageOptions, WalSync } from './types.ts';

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
  readonly reserveBytes: number;
  readonly indexLimits: LevelLimits;
  readonly indexTableBytes: number;
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
    reserveBytes: options.reserveBytes ?? 64 * MIB,
    indexLimits: {
      levelZeroTables: options.index?.levelZeroTables ?? DEFAULT_LEVEL_LIMITS.levelZeroTables,
      levelOneBytes: options.index?.levelOneBytes ?? DEFAULT_LEVEL_LIMITS.levelOneBytes,
      ratio: options.index?.levelRatio ?? DEFAULT_LEVEL_LIMITS.ratio,
    },
    indexTableBytes: options.index?.tableBytes ?? INDEX_TABLE_BYTES,
    policies: options.policies ?? DEFAULT_POLICIES,
    listener: options.listener ?? {},
  };
  assert(
    settings.memtablesSealedMax >= 1,
    'a sealed memtable may wait while the next takes writes',
  );
  assert(settings.indexLimits.ratio > 1, 'levels of the tag index grow downwards');
  return settings;
}
