// What a request needs the right to. What is not named here reads.

import type { Right } from './tokens.ts';

/** `any` right will do; `none` is needed. */
export type Need = Right | 'any' | 'none';

const OPEN_PATHS: readonly string[] = ['/-/healthy', '/-/ready'];

const WRITE_PATHS: readonly string[] = [
  '/api/v1/write',
  '/v1/metrics',
  '/v1/logs',
  '/write',
  '/api/v2/write',
  '/api/v1/import',
  '/api/v1/import/prometheus',
  '/api/v1/import/csv',
];

/** What clients of InfluxDB ask before they write. */
const WRITER_PATHS: readonly string[] = ['/ping', '/health', '/query'];

const ADMIN_PATHS = /^(?:\/-\/reload|\/api\/v1\/admin\/.*|\/api\/v1\/status\/config)$/;
const KILL_PATH = /^\/api\/v1\/status\/active_queries\/./;

/** `path` is the URL's, without parameters; `isPage` tells files of the explorer. */
export function needOfHttp(path: string, isPage: (path: string) => boolean): Need {
  if (OPEN_PATHS.includes(path) || isPage(path)) return 'none';
  if (WRITE_PATHS.includes(path)) return 'write';
  if (WRITER_PATHS.includes(path)) return 'any';
  return ADMIN_PATHS.test(path) || KILL_PATH.test(path) ? 'admin' : 'read';
}

const WRITE_SERVICES = [/^varve\.v1\.IngestService$/, /^opentelemetry\.proto\.collector\./];

/** What is about all series: nothing for a token that sees some of them. */
const WHOLE_PATHS: readonly RegExp[] = [
  /^\/metrics$/,
  /^\/-\/reload$/,
  /^\/api\/v1\/status\/(?!buildinfo$|active_queries$|active_queries\/)/,
  /^\/api\/v1\/admin\/(?!tsdb\/delete_series$)/,
];

export function isForWhole(path: string): boolean {
  return WHOLE_PATHS.some((pattern) => pattern.test(path));
}

/** `path` is /SERVICE/METHOD. */
export function needOfGrpc(path: string): Need {
  const service = path.split('/')[1] ?? '';
  if (service === 'grpc.health.v1.Health') return 'none';
  if (service.startsWith('grpc.reflection.')) return 'any';
  return WRITE_SERVICES.some((pattern) => pattern.test(service)) ? 'write' : 'read';
}
