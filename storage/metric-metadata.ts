// What is known of metrics beyond their points: type, help and unit, as the formats that have them
// say. Kept in memory alone, and bounded: senders repeat it.

export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

export interface MetricMetadata {
  readonly type: MetricType;
  readonly help: string;
  /** Base unit, such as `seconds`; empty when it is not told. */
  readonly unit: string;
}

export interface MetadataStore {
  /** What is told again moves to the end of those that are let go. */
  set(metric: string, metadata: MetricMetadata): void;
  /** What was told of a metric, oldest first: targets may disagree. */
  get(metric: string): readonly MetricMetadata[];
  /** By metric, those told of longest ago first. */
  entries(): Iterable<readonly [metric: string, readonly MetricMetadata[]]>;
}

/** Different things that are remembered of one metric. */
const PER_METRIC_MAX = 4;
/** Counted for an entry on top of its text. */
const ENTRY_BYTES = 128;

/** Holds at most `bytesMax` of memory; what was told of longest ago is let go. */
export function createMetadataStore(bytesMax: number): MetadataStore {
  const metrics = new Map<string, readonly MetricMetadata[]>();
  let bytes = 0;

  function remove(metric: string): readonly MetricMetadata[] {
    const known = metrics.get(metric);
    if (known === undefined) return [];
    metrics.delete(metric);
    bytes -= sizeOf(metric, known);
    return known;
  }

  return {
    set(metric, metadata) {
      const others = remove(metric).filter((known) => !isSame(known, metadata));
      const told = [...others, metadata].slice(-PER_METRIC_MAX);
      metrics.set(metric, told);
      bytes += sizeOf(metric, told);
      for (const oldest of metrics.keys()) {
        if (bytes <= bytesMax) break;
        remove(oldest);
      }
    },
    get: (metric) => metrics.get(metric) ?? [],
    entries: () => metrics.entries(),
  };
}

function isSame(a: MetricMetadata, b: MetricMetadata): boolean {
  return a.type === b.type && a.help === b.help && a.unit === b.unit;
}

/** A character counts two bytes, as those outside Latin-1 take. */
function sizeOf(metric: string, told: readonly MetricMetadata[]): number {
  return told.reduce(
    (sum, { help, unit }) => sum + ENTRY_BYTES + 2 * (help.length + unit.length),
    2 * metric.length,
  );
}
