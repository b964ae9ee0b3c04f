// What a sweep at a given time would do, policy by policy; pure. The sweep drops exactly
// `plan.expired`, so that a dry run cannot differ from it.

import type { Policy, WindowInfo } from '../storage/index.ts';
import { expiredWindows, expiryMs } from './policy.ts';

/** Figures over some windows of one policy. */
export interface WindowTotals {
  readonly windows: number;
  readonly points: number;
  readonly sizeBytes: number;
}

export interface PolicyPlan {
  readonly name: string;
  /** The keep that decides, ms; Infinity for ever. */
  readonly keepMs: number;
  /** Whether the policies in force have it; otherwise its windows only wait for their end. */
  readonly inForce: boolean;
  /** Everything stored under it, the expired included. */
  readonly stored: WindowTotals;
  /** What the sweep drops. */
  readonly expired: WindowTotals;
  /** When the first of the others expires, ms since the epoch; undefined when none ever does. */
  readonly nextExpiryMs: number | undefined;
}

export interface SweepPlan {
  /** The time that the plan is made for, ms since the epoch. */
  readonly nowMs: number;
  /** Policies in force in their order, then those that only stored windows still have. */
  readonly policies: readonly PolicyPlan[];
  readonly expired: readonly WindowInfo[];
}

/** The sweep over `windows` at `nowMs`, with `policies` in force. */
export function planSweep(
  windows: readonly WindowInfo[],
  policies: readonly Policy[],
  nowMs: number,
): SweepPlan {
  const keepMsByName = new Map(policies.map(({ name, keepMs }) => [name, keepMs]));
  const expired = expiredWindows(windows, policies, nowMs);
  const dropped = new Set(expired);

  // Windows of a policy that is gone are told apart by keep too: each kept its own.
  const groups = new Map<string, { policy: Policy; inForce: boolean; windows: WindowInfo[] }>();
  for (const policy of policies) groups.set(policy.name, { policy, inForce: true, windows: [] });
  for (const window of windows) {
    const { policy } = window;
    const inForce = keepMsByName.has(policy.name);
    const key = inForce ? policy.name : `${policy.name}\0${policy.keepMs}`;
    const group = groups.get(key) ?? { policy, inForce, windows: [] };
    groups.set(key, group);
    group.windows.push(window);
  }

  const plans = [...groups.values()].map(({ policy, inForce, windows: own }): PolicyPlan => {
    const next = own
      .filter((window) => !dropped.has(window))
      .reduce((first, window) => Math.min(first, expiryMs(window, keepMsByName)), Infinity);
    return {
      name: policy.name,
      keepMs: policy.keepMs,
      inForce,
      stored: windowTotals(own),
      expired: windowTotals(own.filter((window) => dropped.has(window))),
      nextExpiryMs: next === Infinity ? undefined : next,
    };
  });
  return { nowMs, policies: plans, expired };
}

/** Sums over `windows`. */
export function windowTotals(windows: readonly WindowInfo[]): WindowTotals {
  return {
    windows: windows.length,
    points: windows.reduce((sum, window) => sum + window.points, 0),
    sizeBytes: windows.reduce((sum, window) => sum + window.sizeBytes, 0),
  };
}
