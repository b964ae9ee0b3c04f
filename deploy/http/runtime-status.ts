// GET /api/v1/status/flags and runtimeinfo, for dashboards that ask a Prometheus about itself:
// what has a meaning here, under the names it has there.

import { availableParallelism } from 'node:os';
import { type Config, configPolicies, formatAddress, formatDuration } from '../config.ts';

/** Prometheus's flags that have a counterpart in the config. */
export function flagsStatus(config: Config): Readonly<Record<string, string>> {
  const { query } = config;
  return {
    'query.lookback-delta': formatDuration(query.lookback),
    'query.max-concurrency': String(query.max_concurrent),
    'query.max-samples': String(query.max_samples),
    'query.timeout': formatDuration(query.timeout),
    'storage.tsdb.path': config.data_dir,
    'storage.tsdb.retention.time': longestKeep(config),
    'web.enable-admin-api': 'true',
    'web.listen-address': formatAddress(config.http.listen),
  };
}

export interface RuntimeStatus {
  /** RFC 3339. */
  readonly startTime: string;
  readonly serverTime: string;
  readonly CWD: string;
  readonly GOMAXPROCS: number;
  readonly timeSeriesCount: number;
  /** What the policy says that keeps longest. */
  readonly storageRetention: string;
}

export function runtimeStatus(config: Config, seriesCount: number): RuntimeStatus {
  const { timeOrigin } = performance;
  return {
    startTime: new Date(timeOrigin).toISOString(),
    serverTime: new Date(timeOrigin + performance.now()).toISOString(),
    CWD: process.cwd(),
    GOMAXPROCS: availableParallelism(),
    timeSeriesCount: seriesCount,
    storageRetention: longestKeep(config),
  };
}

function longestKeep(config: Config): string {
  const longestMs = Math.max(...configPolicies(config).map(({ keep }) => keep));
  return formatDuration(longestMs);
}
