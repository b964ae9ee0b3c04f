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
    amplification: { write: writeAmplification(stats) },
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

function writeAmplification({ wal, flushBytesWritten, index, pointsAppended }: StorageStats) {
  const written = wal.bytesWritten + flushBytesWritten + index.bytesWritten;
  return pointsAppended === 0 ? null : written / (pointsAppended * POINT_BYTES);
}
