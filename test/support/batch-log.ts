// A batch that remembers what it was told: what a decoder makes of a message.

import type { EventBatch, NewEvent } from '../../ingest/event-batch.ts';
import type { SeriesBatch } from '../../ingest/series-batch.ts';
import { NO_PREDICTOR, viewOf } from '../../ingest/series-predictor.ts';
import type { Label } from '../../storage/index.ts';

export interface BatchLog extends SeriesBatch {
  readonly points: { labels: readonly Label[] | string; timestampMs: number; bits: bigint }[];
  readonly rejected: Record<string, number>;
  /** How often labels were asked for: of every series that was not expected, known or not. */
  readonly asked: number;
}

/** A predictor makes it expect what the batches before it had, if they are by the same `slots`. */
export function createBatchLog(
  predictor = NO_PREDICTOR,
  slots: (readonly Label[] | string)[] = [],
): BatchLog {
  const slotOf = new Map(slots.map((labels, slot) => [JSON.stringify(labels), slot]));
  let asked = 0;
  const points: BatchLog['points'] = [];
  const rejected: Record<string, number> = {};
  const words = new Uint32Array(2);
  const doubles = new Float64Array(words.buffer);

  function open(labels: readonly Label[] | string): number {
    asked++;
    const text = JSON.stringify(labels);
    const slot = slotOf.get(text) ?? slots.push(labels) - 1;
    slotOf.set(text, slot);
    return slot;
  }

  const batch: BatchLog = {
    points,
    rejected,
    size: () => points.length,
    get asked() {
      return asked;
    },
    series: (_key, labels) => open(labels()),
    seriesAt(bytes, start, end, labels) {
      const slot = open(labels());
      predictor.learn(bytes, start, end, slot);
      return slot;
    },
    expected: (bytes, start, end) => predictor.expected(viewOf(bytes), start, end),
    expectedRest: (prefix, bytes, start, end) =>
      predictor.expectedRest(prefix, viewOf(bytes), start, end),
    takeExpected: predictor.take,
    add(slot, timestampMs, value) {
      doubles[0] = value;
      batch.addBits(slot, timestampMs, words[0]!, words[1]!);
    },
    addRow(rowSlots, values, count, timestampMs) {
      for (let i = 0; i < count; i++) batch.add(rowSlots[i]!, timestampMs, values[i]!);
    },
    addBits(slot, timestampMs, low, high) {
      const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      points.push({ labels: slots[slot]!, timestampMs, bits });
    },
    addAt(slot, timestampMs, bytes, at) {
      batch.addBits(slot, timestampMs, bytes.readInt32LE(at), bytes.readInt32LE(at + 4));
    },
    reject(reason, count = 1) {
      rejected[reason] = (rejected[reason] ?? 0) + count;
    },
  };
  return batch;
}

export interface EventLog extends EventBatch {
  readonly events: (NewEvent & { readonly labels: readonly Label[] | string })[];
}

export function createEventLog(): EventLog {
  const events: EventLog['events'] = [];
  return {
    events,
    size: () => events.length,
    add: (_key, labels, event) => void events.push({ ...event, labels: labels() }),
  };
}

/** Points as `name{label="value"} timestamp value`; what is no finite value is its bits in hex. */
export function pointTexts({ points }: BatchLog): string[] {
  const bitsView = new BigUint64Array(1);
  const doubles = new Float64Array(bitsView.buffer);
  return points.map(({ labels, timestampMs, bits }) => {
    bitsView[0] = bits;
    const value = doubles[0]!;
    const number = Object.is(value, -0) ? '-0' : String(value);
    return `${seriesText(labels)} ${timestampMs} ${
      Number.isFinite(value) ? number : bits.toString(16).padStart(16, '0')
    }`;
  });
}

function seriesText(labels: readonly Label[] | string): string {
  if (typeof labels === 'string') return labels;
  const name = labels.find((label) => label.name === '__name__')?.value ?? '';
  const others = labels.filter((label) => label.name !== '__name__');
  const pairs = others.map((label) => `${label.name}=${JSON.stringify(label.value)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}
