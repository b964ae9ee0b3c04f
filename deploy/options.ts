// The config's values as the options of each room.

import { createPolicySet } from '../retention/index.ts';
import type { StorageListener, StorageOptions } from '../storage/index.ts';
import { type Config, policyConfigs } from './config.ts';

export function storageOptions(config: Config, listener: Partial<StorageListener>): StorageOptions {
  const { wal, memtable, block_cache } = config.storage;
  return {
    wal: { sync: wal.sync, intervalMs: wal.interval },
    memtable: { bytesMax: memtable.size, ageMsMax: memtable.max_age },
    blockCacheBytes: block_cache,
    policies: createPolicySet(policyConfigs(config)),
    listener,
  };
}
