// What a sweep at a given time would do, policy by policy; pure. The sweep drops exactly
// `plan.drops`, so that a dry run cannot differ from it.

import { tierWindowMs, type WindowInfo } from '../storage/index.ts';
import { excessWindows } from './byte-limit.ts';
import {
  expiredWindows,
  expiryMs,
  keepsOf,
  type PolicyRule,
  ruleKey,
  type SweepRules,
} from './policy.ts';

/** Why a window goes: its policy's keep, its policy's max_bytes, or that of all policies. */
export type DropReason = 'keep' | 'max_bytes' | 'total_max_bytes';

export interface Drop {
  readonly window: WindowInfo;
  readonly reason: DropReason;
}

/** Figures over some windows of one policy. */
export interface WindowTotals {
  readonly windows: number;
  /** Of the window that has the most; a series in two of its tables counts twice. */
  readonly seriesPerWindowMax: number;
  readonly points: number;
  readonly sizeBytes: number;
}

export interface PolicyPlan {
  readonly name: string;
  /** Of a tier of the policy, the width of its steps, ms; undefined of its points. */
  readonly rollupMs?: number;
  /** The keep that decides, ms; Infinity for ever. */
  readonly keepMs: number;
  /** Width of a window, ms; those from before a change of it may have another. */
  readonly windowMs: number;
  /** What its windows may take, bytes; Infinity without a limit. */
  readonly bytesMax: number;
  /** Whether the policies in force have it; otherwise its windows only wait for their end. */
  readonly inForce: boolean;
  /** Everything stored under it, what the sweep drops included. */
  readonly stored: WindowTotals;
  /** What the sweep drops, by reason. */
  readonly drops: Readonly<Record<DropReason, WindowTotals>>;
  /** What the windows that stay take beyond `bytesMax`, because they still take points. */
  readonly overBytes: number;
  /** When the first of the others expires, ms since the epoch; undefined when none ever does. */
  readonly nextExpiryMs: number | undefined;
}

export interface SweepPlan {
  /** The time that the plan is made for, ms since the epoch. */
  readonly nowMs: number;
  /** Policies in force in their order, then those that only stored windows still have. */
  readonly policies: readonly PolicyPlan[];
  readonly drops: readonly Drop[];
  /** What all policies may take together, bytes; Infinity without a limit. */
  readonly bytesMax: number;
  /** What the windows that stay take beyond it, because they still take points. */
  readonly overBytes: number;
}

/** The sweep over `windows` at `nowMs`. `rules.policies` are the policies in force. */
export function planSweep(
  windows: readonly WindowInfo[],
  rules: SweepRules,
  nowMs: number,
): SweepPlan {
  const { policies, bytesMax } = rules;
  const keeps = keepsOf(policies);
  const drops = decideDrops(windows, rules, nowMs);
  const reasons = new Map(drops.map(({ window, reason }) => [window, reason]));
  const staying = (own: readonly WindowInfo[]) => own.filter((window) => !reasons.has(window));

  const plans = groupByPolicy(windows, rules).map(({ rule, inForce, windows: own }): PolicyPlan => {
    const dropped = (reason: DropReason) =>
      windowTotals(own.filter((window) => reasons.get(window) === reason));
    const next = staying(own).reduce(
      (first, window) => Math.min(first, expiryMs(window, keeps)),
      Infinity,
    );
    const { name, keepMs, windowMs, bytesMax: ownBytesMax, rollupMs } = rule;
    return {
      ...(rollupMs !== undefined && { rollupMs }),
      ...{ name, keepMs, windowMs, bytesMax: ownBytesMax, inForce },
      stored: windowTotals(own),
      drops: {
        keep: dropped('keep'),
        max_bytes: dropped('max_bytes'),
        total_max_bytes: dropped('total_max_bytes'),
      },
      overBytes: overBytes(staying(own), ownBytesMax),
      nextExpiryMs: next === Infinity ? undefined : next,
    };
  });
  const over = overBytes(staying(windows), bytesMax);
  return { nowMs, policies: plans, drops, bytesMax, overBytes: over };
}

/** What has expired, then what is over the limit of its policy, then of what is left in all. */
function decideDrops(
  windows: readonly WindowInfo[],
  { policies, bytesMax }: SweepRules,
  nowMs: number,
): Drop[] {
  const drops: Drop[] = [];
  let left = windows;
  const drop = (gone: readonly WindowInfo[], reason: DropReason) => {
    if (gone.length === 0) return;
    for (const window of gone) drops.push({ window, reason });
    const dropped = new Set(gone);
    left = left.filter((window) => !dropped.has(window));
  };
  drop(expiredWindows(left, policies, nowMs), 'keep');
  for (const policy of policies.filter((own) => own.bytesMax < Infinity)) {
    const own = left.filter(
      ({ policy: { name }, rollupMs }) => name === policy.name && rollupMs === undefined,
    );
    drop(excessWindows(own, policy.bytesMax, nowMs), 'max_bytes');
  }
  drop(excessWindows(left, bytesMax, nowMs), 'total_max_bytes');
  return drops;
}

interface PolicyGroup {
  readonly rule: PolicyRule;
  readonly inForce: boolean;
  readonly windows: WindowInfo[];
}

/** Windows of a policy that is gone are told apart by keep too: each kept its own. */
function groupByPolicy(windows: readonly WindowInfo[], { policies }: SweepRules): PolicyGroup[] {
  const groups = new Map<string, PolicyGroup>();
  for (const rule of policies.flatMap(withTiers)) {
    groups.set(ruleKey(rule.name, rule.rollupMs), { rule, inForce: true, windows: [] });
  }
  for (const window of windows) {
    const { policy, rollupMs } = window;
    const group = groups.get(ruleKey(policy.name, rollupMs));
    if (group?.inForce === true) {
      group.windows.push(window);
      continue;
    }
    const key = `${ruleKey(policy.name, rollupMs)}\0kept ${policy.keepMs}`;
    const rule = { ...policy, bytesMax: Infinity, ...(rollupMs !== undefined && { rollupMs }) };
    const gone = groups.get(key) ?? { rule, inForce: false, windows: [] };
    groups.set(key, gone);
    gone.windows.push(window);
  }
  return [...groups.values()];
}

/** A policy, then its tiers, which its `max_bytes` does not count: what is kept long is small. */
function withTiers(rule: PolicyRule): PolicyRule[] {
  const { name, windowMs, rollups = [] } = rule;
  const tiers = rollups.map(({ everyMs, keepMs }) => ({
    ...{ name, keepMs, rollupMs: everyMs, bytesMax: Infinity },
    windowMs: tierWindowMs(windowMs, everyMs, keepMs),
  }));
  return [rule, ...tiers];
}

function overBytes(windows: readonly WindowInfo[], bytesMax: number): number {
  return Math.max(0, windowTotals(windows).sizeBytes - bytesMax);
}

/** Sums over `windows`. */
export function windowTotals(windows: readonly WindowInfo[]): WindowTotals {
  const sum = (figure: (window: WindowInfo) => number) =>
    windows.reduce((total, window) => total + figure(window), 0);
  return {
    windows: windows.length,
    seriesPerWindowMax: windows.reduce((most, { series }) => Math.max(most, series), 0),
    points: sum(({ points }) => points),
    sizeBytes: sum(({ sizeBytes }) => sizeBytes),
  };
}
