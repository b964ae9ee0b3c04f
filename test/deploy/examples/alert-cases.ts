// For each alert, metrics that make it fire and metrics on which it keeps quiet, in the notation of
// `promtool test rules`: `0+60x90` is 0 and then 90 values, each 60 more.

export interface AlertCase {
  /** How far apart the values are. Default 1m. */
  readonly interval?: string;
  /** When it has fired, counted from the first value. */
  readonly at: string;
  readonly firing: Readonly<Record<string, string>>;
  readonly quiet: Readonly<Record<string, string>>;
  /** Of the alert, beside `instance`. */
  readonly labels?: Readonly<Record<string, string>>;
}

const ACKS = 'varve_ingest_ack_duration_seconds_bucket';
const REJECTED = 'varve_ingest_rejected_points_total';
const START = 'process_start_time_seconds';

export const ALERT_CASES: Readonly<Record<string, AlertCase>> = {
  VarveDown: { at: '3m', firing: {}, quiet: { varve_build_info: '1x9' } },
  VarveWritesRefused: {
    at: '1m',
    firing: { varve_storage_read_only: '1x5' },
    quiet: { varve_storage_read_only: '0x5' },
  },
  VarveDiskFullSoon: {
    at: '1h',
    firing: { varve_storage_free_bytes: '5e9-1e7x90' },
    quiet: { varve_storage_free_bytes: '5e9x90' },
  },
  VarveDamage: {
    at: '5m',
    firing: { varve_storage_corruptions_total: '0x2 1x5' },
    quiet: { varve_storage_corruptions_total: '3x9', varve_scrub_damages_total: '1x9' },
  },
  VarveBackgroundFailing: {
    at: '30m',
    firing: { varve_storage_background_errors_total: '0+1x40' },
    quiet: { varve_storage_background_errors_total: '4x40' },
  },
  VarveWritesStalled: {
    at: '30m',
    firing: { varve_write_stall_seconds_total: '0+30x40' },
    quiet: { varve_write_stall_seconds_total: '0+6x40' },
  },
  VarveAcksSlow: {
    at: '30m',
    firing: {
      [`${ACKS}{le="1"}`]: '0+98x40',
      [`${ACKS}{le="+Inf"}`]: '0+100x40',
      [`${ACKS}{le="5"}`]: '0+100x40',
    },
    quiet: { [`${ACKS}{le="1"}`]: '0+100x40', [`${ACKS}{le="+Inf"}`]: '0+100x40' },
  },
  VarvePointsRejected: {
    at: '30m',
    firing: { [`${REJECTED}{reason="too_old",method="otlp"}`]: '0+120x40' },
    quiet: { [`${REJECTED}{reason="too_old",method="otlp"}`]: '0+30x40' },
    labels: { reason: 'too_old' },
  },
  VarveEventsRejected: {
    at: '30m',
    firing: { [`${REJECTED}{reason="event_too_large"}`]: '0+1x40' },
    quiet: {
      [`${REJECTED}{reason="event_too_large"}`]: '7x40',
      [`${REJECTED}{reason="expired"}`]: '0+1x40',
    },
    labels: { reason: 'event_too_large' },
  },
  VarveQuotaReached: {
    at: '30m',
    firing: { [`${REJECTED}{reason="token_series_limit",token="shop"}`]: '0+1x40' },
    quiet: { [`${REJECTED}{reason="token_series_limit",token="shop"}`]: '9x40' },
    labels: { token: 'shop', reason: 'token_series_limit' },
  },
  VarveAccessRefused: {
    at: '30m',
    firing: { 'varve_refused_requests_total{port="http",reason="no_token"}': '0+120x40' },
    quiet: { 'varve_refused_requests_total{port="http",reason="too_large"}': '0+120x40' },
    labels: { port: 'http', reason: 'no_token' },
  },
  VarveSeriesGrow: {
    interval: '5m',
    at: '26h',
    firing: { varve_storage_series: '100000x300 200000x30' },
    quiet: { varve_storage_series: '100000x300 150000x30' },
  },
  VarveQueriesWait: {
    at: '20m',
    firing: { varve_query_waiting: '2x30' },
    quiet: { varve_query_waiting: '2 0 2 0 2 0 2 0 2 0 2 0 2 0 2 0 2 0 2 0 2' },
  },
  VarveRetentionStopped: {
    at: '90m',
    firing: { varve_retention_last_sweep_timestamp_seconds: '0x90' },
    quiet: { varve_retention_last_sweep_timestamp_seconds: '0+60x90' },
  },
  VarveRollupsBehind: {
    at: '130m',
    firing: { varve_rollup_windows_due: '3x140' },
    quiet: { varve_rollup_windows_due: '0x100 3x40', varve_rollup_failures_total: '2x140' },
  },
  VarveSnapshotFailed: {
    at: '5m',
    firing: { varve_snapshot_failures_total: '0x2 1x5' },
    quiet: { varve_snapshot_failures_total: '1x9' },
  },
  VarveSnapshotOld: {
    interval: '5m',
    at: '49h',
    firing: { varve_snapshot_last_timestamp_seconds: '0x600' },
    quiet: { varve_snapshot_last_timestamp_seconds: '0x300 86400x300' },
  },
  VarvePoliciesNotFollowed: {
    at: '20m',
    firing: { varve_retention_policy_set_trouble: '1x30' },
    quiet: { varve_retention_policy_set_trouble: '0x30' },
  },
  VarveScrubBehind: {
    interval: '5m',
    at: '49h',
    firing: {
      ...{ varve_scrub_read_bytes_total: '5x600', varve_storage_table_bytes: '100x600' },
      ...{ varve_scrub_interval_seconds: '604800x600', [START]: '0x600' },
    },
    quiet: {
      ...{ varve_scrub_read_bytes_total: '0+1000x600', varve_storage_table_bytes: '100x600' },
      ...{ varve_scrub_interval_seconds: '604800x600', [START]: '0x600' },
    },
  },
  VarveDeletesWait: {
    interval: '5m',
    at: '26h',
    firing: { varve_storage_tombstones: '300x330' },
    quiet: { varve_storage_tombstones: '300x200 0 300x130' },
  },
  VarveClockDoubted: {
    at: '20m',
    firing: { varve_retention_clock_believed: '0x30' },
    quiet: { varve_retention_clock_believed: '1x30' },
  },
  VarveUncleanShutdown: {
    at: '2m',
    firing: { varve_recovery_unclean: '1x5', [START]: '0x5' },
    quiet: { varve_recovery_unclean: '0x5', [START]: '0x5' },
  },
};
