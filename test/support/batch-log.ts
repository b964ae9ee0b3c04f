// A batch that remembers what it was told: what a decoder makes of a message.

import type { SeriesBatch } from '../../ingest/series-batch.ts';
import type { Label } from '../../storage/index.ts';

export interface BatchLog extends SeriesBatch {
  readonly points: { labels: readonly Label[] | string; timestampMs: number; bits: bigint }[];
  readonly rejected: Record<string, number>;
}

/** Asks for the labels of every series, known or not. */
export function createBatchLog(): BatchLog {
  const points: BatchLog['points'] = [];
  const rejected: Record<string, number> = {};
  const slots: (readonly Label[] | string)[] = [];
  const words = new Uint32Array(2);
  const doubles = new Float64Array(words.buffer);
  const batch: BatchLog = {
    points,
    rejected,
    get size() {
      return points.length;
    },
    series: (_key, labels) => slots.push(labels()) - 1,
    add(slot, timestampMs, value) {
      doubles[0] = value;
      batch.addBits(slot, timestampMs, words[0]!, words[1]!);
    },
    addBits(slot, timestampMs, low, high) {
      const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      points.push({ labels: slots[slot]!, timestampMs, bits });
    },
    reject(reason, count = 1) {
      rejected[reason] = (rejected[reason] ?? 0) + count;
    },
  };
  return batch;
}
