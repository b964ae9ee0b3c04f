// The config's values as the options of each room.

import { createPolicySet, type PolicyConfig } from '../retention/index.ts';
import type { StorageListener, StorageOptions } from '../storage/index.ts';
import type { Config } from './config.ts';
import { parseMatch } from './config/match.ts';

/** A policy's `keepMs` of Infinity keeps for ever. */
export function policyConfigs({ retention }: Config): PolicyConfig[] {
  return retention.policies.map(({ name, match, keep, window }) => ({
    name,
    matchers: parseMatch(match),
    keepMs: keep,
    windowMs: window,
  }));
}

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
