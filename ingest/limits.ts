// Every maximum of this room. Deploy fills them in from `ingest` in the config.

/** Infinity switches a limit off where its comment says so. */
export interface IngestLimits {
  /** Series that may be registered; Infinity for none. ingest.limits.series */
  readonly series: number;
  /** The same for each metric name; Infinity for none. ingest.limits.series_per_metric */
  readonly seriesPerMetric: number;
  /** ingest.limits.labels_per_series */
  readonly labelsPerSeries: number;
  /** Bytes of UTF-8 in a label's value, and in its name. ingest.limits.label_value_bytes */
  readonly labelValueBytes: number;
  /** Bytes of an event: its body and attributes; 1 MiB is the most. ingest.limits.event_bytes */
  readonly eventBytes: number;
  /** Attributes of an event. */
  readonly eventAttributes: number;
  /** Bytes of a message, as sent and as decompressed. ingest.limits.message */
  readonly messageBytes: number;
  /** Points a second over all clients; Infinity for none. ingest.limits.points_per_second */
  readonly pointsPerSecond: number;
  /** Points older than this are rejected, ms; Infinity for none. ingest.max_past */
  readonly maxPastMs: number;
  /** Points further ahead than this are rejected, ms; Infinity for none. ingest.max_future */
  readonly maxFutureMs: number;
  /** Refs a stream may define. */
  readonly refs: number;
  /** Series, definitions and other fields of one request: an empty one takes two bytes of it. */
  readonly entries: number;
  /** Batches of one stream that may wait for their ack before reading pauses. */
  readonly streamBatches: number;
  /** Bytes of one stream's batches that may wait for their ack before reading pauses. */
  readonly streamBytes: number;
  /** Bytes of requests under way, over all clients. */
  readonly requestBytes: number;
}

const MIB = 1024 * 1024;

/** Of a line that is a row: whatever unfolds into one without an end is refused early. */
export const ROW_BYTES_MAX = MIB;

export const DEFAULT_LIMITS: IngestLimits = {
  series: 5_000_000,
  seriesPerMetric: Number.POSITIVE_INFINITY,
  labelsPerSeries: 64,
  labelValueBytes: 4096,
  eventBytes: 256 * 1024,
  eventAttributes: 128,
  messageBytes: 32 * MIB,
  pointsPerSecond: Number.POSITIVE_INFINITY,
  maxPastMs: Number.POSITIVE_INFINITY,
  maxFutureMs: 3_600_000,
  refs: 1_000_000,
  entries: 1_000_000,
  streamBatches: 64,
  streamBytes: 8 * MIB,
  requestBytes: 256 * MIB,
};
