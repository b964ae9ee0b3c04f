// A batch that remembers what a decoder adds.

import type { Reason } from '../../ingest/reasons.ts';
import type { SeriesBatch } from '../../ingest/series-batch.ts';
import type { Label } from '../../storage/index.ts';

export interface RecordedBatch extends SeriesBatch {
  /** `name{label="value"} timestamp value`; a value that came as bits in hexadecimal digits. */
  readonly points: string[];
  readonly rejected: Reason[];
}

export function recordedBatch(): RecordedBatch {
  const series: string[] = [];
  const points: string[] = [];
  const rejected: Reason[] = [];
  return {
    points,
    rejected,
    get size() {
      return points.length;
    },
    series(_key, labels) {
      const read = labels();
      return series.push(typeof read === 'string' ? read : seriesText(read)) - 1;
    },
    add(slot, timestampMs, value) {
      const text = Object.is(value, -0) ? '-0' : String(value);
      points.push(`${series[slot]} ${timestampMs} ${text}`);
    },
    addBits(slot, timestampMs, low, high) {
      const [highText, lowText] = [high, low].map((word) => word.toString(16).padStart(8, '0'));
      points.push(`${series[slot]} ${timestampMs} ${highText}${lowText}`);
    },
    reject(reason, count = 1) {
      for (let i = 0; i < count; i++) rejected.push(reason);
    },
  };
}

function seriesText(labels: readonly Label[]): string {
  const name = labels.find((label) => label.name === '__name__')?.value ?? '';
  const others = labels.filter((label) => label.name !== '__name__');
  const pairs = others.map((label) => `${label.name}=${JSON.stringify(label.value)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}
