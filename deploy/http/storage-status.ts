// GET /api/v1/status/storage: what is on disk and in memory, and what it costs.

import type { Policy, Storage, StorageStats, WindowInfo } from '../../storage/index.ts';

/** A timestamp and a float64: what amplification is measured against. */
const POINT_BYTES = 16;

interface PolicyStatus extends Policy {
  readonly windows: number;
  readonly tables: number;
  readonly points: number;
  readonly sizeBytes: number;
}

export interface StorageStatus extends StorageStats {
  /** Policies in force, then those that only stored windows still have. */
  readonly policies: readonly PolicyStatus[];
  readonly windowList: readonly WindowInfo[];
  readonly amplification: {
    /** Bytes written to disk since the start per byte of points accepted; null before the first. */
    readonly write: number | null;
    /** Blocks read since the start per block that held a point of the answer. */
    readonly read: number | null;
    /** Tables read per query. */
    readonly tablesPerQuery: number | null;
    /** Bytes of tables per byte of them fully merged, which is an estimate. */
    readonly space: number | null;
  };
}

/** As JSON, `keepMs` of a policy that keeps for ever is null. */
export function storageStatus(
  storage: Pick<Storage, 'stats' | 'windows' | 'policies'>,
): StorageStatus {
  const stats = storage.stats();
  const windowList = storage.windows();
  const policies = new Map(storage.policies.map((policy) => [policy.name, policy]));
  for (const { policy } of windowList) {
    if (!policies.has(policy.name)) policies.set(policy.name, policy);
  }
  return {
    ...stats,
    policies: [...policies.values()].map((policy) => policyStatus(policy, windowList)),
    windowList,
    amplification: amplificationOf(stats),
  };
}

function policyStatus(policy: Policy, windows: readonly WindowInfo[]): PolicyStatus {
  const own = windows.filter((window) => window.policy.name === policy.name);
  const sum = (figure: (window: WindowInfo) => number) =>
    own.reduce((total, window) => total + figure(window), 0);
  return {
    ...policy,
    windows: own.length,
    tables: sum(({ tables }) => tables),
    points: sum(({ points }) => points),
    sizeBytes: sum(({ sizeBytes }) => sizeBytes),
  };
}

/** Null where nothing was written or read yet. */
export function amplificationOf(stats: StorageStats): StorageStatus['amplification'] {
  const written =
    stats.wal.bytesWritten +
    stats.flushBytesWritten +
    stats.compactionBytesWritten +
    stats.index.bytesWritten;
  return {
    write: ratio(written, stats.pointsAppended * POINT_BYTES),
    read: ratio(stats.blocksRead, stats.blocksUsed),
    tablesPerQuery: ratio(stats.scanTables, stats.scans),
    space: ratio(stats.tableBytes, stats.mergedTableBytes),
  };
}

function ratio(amount: number, per: number): number | null {
  return per === 0 ? null : amount / per;
}
