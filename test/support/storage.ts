// Short ways to write to a Storage in tests and to read all of it back.

import type { Labels, Storage, TimeRange } from '../../storage/index.ts';

export interface TestPoint {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value: number;
}

/** The range of every timestamp there can be. */
export const EVERYTHING: TimeRange = { startMs: -(2 ** 53), endMs: 2 ** 53 + 2 };

export function labels(metric: string, series: string): Labels {
  return [
    { name: '__name__', value: metric },
    { name: 'series', value: series },
  ];
}

/** Resolves the series and appends the points as one batch. */
export async function appendPoints(storage: Storage, points: readonly TestPoint[]): Promise<void> {
  const ids = await storage.resolve(points.map((point) => point.labels));
  await storage.append({
    ids,
    timestampsMs: Float64Array.from(points, (point) => point.timestampMs),
    values: Float64Array.from(points, (point) => point.value),
  });
}

/** Every point as [timestamp, value bits], by the labels' JSON: as the naive model has them. */
export async function contentsOf(storage: Storage): Promise<Map<string, [number, bigint][]>> {
  const found = new Map<string, [number, bigint][]>();
  for await (const batch of storage.scan({ selectors: [[]], ...EVERYTHING })) {
    for (const series of batch) {
      const values = series.values.slice();
      const bits = new BigUint64Array(values.buffer, values.byteOffset, values.length);
      found.set(
        JSON.stringify(series.labels),
        Array.from(series.timestampsMs, (t, i): [number, bigint] => [t, bits[i]!]),
      );
    }
  }
  return found;
}
