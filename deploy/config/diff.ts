// What a reload changes: the keys whose values differ, and which of them wait for a restart.

import type { KeyPath } from './problem.ts';
import { formatPath } from './problem.ts';
import { isRecord } from './source.ts';

export interface KeyChange {
  readonly key: string;
  readonly from: unknown;
  readonly to: unknown;
  /** Whether it takes effect only when the server starts again. */
  readonly needsRestart: boolean;
}

/** Keys, and whole sections, that a running server takes over. */
const LIVE_KEYS = ['retention.policies', 'http.allowed_hosts', 'http.cors_origins'];

/** Changes between two configs as text; a list is compared as a whole. */
export function configChanges(from: unknown, to: unknown, path: KeyPath = []): KeyChange[] {
  if (isRecord(from) && isRecord(to)) {
    const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
    return [...keys].flatMap((key) => configChanges(from[key], to[key], [...path, key]));
  }
  if (JSON.stringify(from) === JSON.stringify(to)) return [];
  const key = formatPath(path);
  return [{ key, from, to, needsRestart: !LIVE_KEYS.includes(key) }];
}
