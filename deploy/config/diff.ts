// What a reload changes: the keys whose values differ, and which of them wait for a restart.

import type { KeyPath } from './problem.ts';
import { formatPath } from './problem.ts';
import type { Config } from './schema.ts';
import { isRecord } from './source.ts';

export interface KeyChange {
  readonly key: string;
  readonly from: unknown;
  readonly to: unknown;
  /** Whether it takes effect only when the server starts again. */
  readonly needsRestart: boolean;
}

/** Keys whose values are not for the log. */
const SECRET_KEYS = ['retention.redis', 'auth.tokens'];

/** Keys that a running server takes over, see `reloaded`. */
const LIVE_KEYS = [
  'http.allowed_hosts',
  'http.cors_origins',
  'retention.policies',
  'retention.max_bytes',
  'ingest.max_past',
  'ingest.max_future',
  'ingest.limits.series',
  'ingest.limits.series_per_metric',
  'ingest.limits.points_per_second',
  'ingest.limits.labels_per_series',
  'ingest.limits.label_value_bytes',
  'ingest.limits.event_bytes',
  'ingest.otlp.translation',
  'ingest.otlp.promote_resource_attributes',
  'ingest.otlp.promote_scope_metadata',
  'ingest.otlp.delta',
  'ingest.events.stream_labels',
  'ingest.events.max_streams',
  'ingest.event_metrics',
  'query.log_slower_than',
  'auth.tokens',
];

/** Whether a reload takes a changed `key` over. */
export function isLive(key: string): boolean {
  return LIVE_KEYS.includes(key);
}

/** The config in force after a reload: `current` with the live keys of `next`. */
export function reloaded(current: Config, next: Config): Config {
  const { allowed_hosts, cors_origins } = next.http;
  const { policies, max_bytes } = next.retention;
  const { log_slower_than } = next.query;
  const { message } = current.ingest.limits;
  return {
    ...current,
    auth: { ...current.auth, tokens: next.auth.tokens },
    http: { ...current.http, allowed_hosts, cors_origins },
    retention: { ...current.retention, policies, max_bytes },
    ingest: { ...next.ingest, limits: { ...next.ingest.limits, message } },
    query: { ...current.query, log_slower_than },
  };
}

/** Changes between two configs as text; a list is compared as a whole. */
export function configChanges(from: unknown, to: unknown, path: KeyPath = []): KeyChange[] {
  if (isRecord(from) && isRecord(to)) {
    const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
    return [...keys].flatMap((key) => configChanges(from[key], to[key], [...path, key]));
  }
  if (JSON.stringify(from) === JSON.stringify(to)) return [];
  const key = formatPath(path);
  const values = SECRET_KEYS.includes(key) ? { from: 'secret', to: 'secret' } : { from, to };
  return [{ key, ...values, needsRestart: !isLive(key) }];
}
