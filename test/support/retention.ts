// What the tests of retention share: windows out of thin air, a storage of nothing but windows,
// a log to read.

import type { RetentionLogger } from '../../retention/index.ts';
import type { PolicyRule, SweepRules } from '../../retention/policy.ts';
import type { Policy, Storage, WindowInfo } from '../../storage/index.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export function policy(name: string, keepMs: number, windowMs = HOUR_MS): Policy {
  return { name, keepMs, windowMs };
}

/** `policies` in force, of which those without a `bytesMax` have no limit. */
export function rulesOf(
  policies: readonly (Policy & Partial<PolicyRule>)[],
  bytesMax = Infinity,
): SweepRules {
  return { policies: policies.map((own) => ({ bytesMax: Infinity, ...own })), bytesMax };
}

/** The window of `policy` that ends at `endMs`: ten points of two series in 160 bytes. */
export function windowEnding(of: Policy, endMs: number): WindowInfo {
  const startMs = endMs - of.windowMs;
  const key = `${of.name}/${startMs}`;
  return { key, policy: of, startMs, endMs, tables: 1, points: 10, series: 2, sizeBytes: 160 };
}

export interface WindowStorage
  extends Pick<
    Storage,
    'windows' | 'dropWindows' | 'rollUp' | 'compactDue' | 'snapshot' | 'setPolicies'
  > {
  add(...windows: WindowInfo[]): void;
  /** The keys of each call of `dropWindows`. */
  readonly calls: readonly (readonly string[])[];
  /** What the next call of `dropWindows` waits for, and rejects as. */
  holdNextDrop(until: Promise<void>): void;
}

export function createWindowStorage(): WindowStorage {
  const stored = new Map<string, WindowInfo>();
  const calls: (readonly string[])[] = [];
  let hold = Promise.resolve();
  return {
    calls,
    add(...windows) {
      for (const window of windows) stored.set(window.key, window);
    },
    holdNextDrop(until) {
      hold = until;
    },
    windows: () => [...stored.values()],
    rollUp: async () => ({ windows: 0, steps: 0, due: 0 }),
    compactDue: async () => ({ merges: 0, bytesWritten: 0 }),
    snapshot: async (dir) => ({ dir, files: 1, sizeBytes: 100, lost: [] }),
    setPolicies: async () => {},
    async dropWindows(keys) {
      calls.push(keys);
      const until = hold;
      hold = Promise.resolve();
      await until;
      const dropped = keys.flatMap((key) => stored.get(key) ?? []);
      for (const { key } of dropped) stored.delete(key);
      return dropped;
    },
  };
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

/** A logger whose lines can be read, and waited for. */
export interface TestLog {
  readonly logger: RetentionLogger;
  readonly lines: readonly LogLine[];
  /** Resolves at the next line that contains `text`. */
  next(text: string): Promise<LogLine>;
}

export function createTestLog(): TestLog {
  const lines: LogLine[] = [];
  const waiting = new Set<(line: LogLine) => void>();
  const log = (level: LogLine['level']) => (_fields: object, message: string) => {
    const line = { level, message };
    lines.push(line);
    for (const wake of waiting) wake(line);
  };
  return {
    logger: { info: log('info'), warn: log('warn'), error: log('error') },
    lines,
    next: (text) =>
      new Promise((resolve) => {
        const wake = (line: LogLine) => {
          if (!line.message.includes(text)) return;
          waiting.delete(wake);
          resolve(line);
        };
        waiting.add(wake);
      }),
  };
}
