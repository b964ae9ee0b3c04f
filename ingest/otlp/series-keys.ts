// Keys of series in the cache: metric, attributes as they came, and which part of the point. They
// are put together as bytes, since joining strings costs more than looking the result up.

import { type ByteRange, rangeDigest } from '../decode/otlp/wire.ts';

/** Longer attributes are named by a digest. */
const ATTRIBUTES_BYTES_MAX = 1024;
/** The id of a metric, and the part of a point with a bound as long as they get. */
const OTHERS_BYTES_MAX = 64 + 512;
/** No field begins with it, so that attributes end where a part begins. */
const PART_MARK = 0;

export interface SeriesKeys {
  /** What follows is of this metric. */
  setMetric(id: string): void;
  /** What follows is of a point with these attributes. */
  setAttributes(attributes: ByteRange): void;
  /** Puts the key into `bytes` and returns where it ends; of the whole point without a `part`. */
  keyEnd(part: string): number;
  /** Where keys begin; one is overwritten by the next. */
  readonly bytes: Buffer;
}

export function createSeriesKeys(): SeriesKeys {
  const bytes = Buffer.alloc(ATTRIBUTES_BYTES_MAX + OTHERS_BYTES_MAX);
  let metricEnd = 0;
  let attributesEnd = 0;
  return {
    bytes,
    setMetric(id) {
      metricEnd = bytes.write(`${id}/`, 'latin1');
    },
    setAttributes(attributes) {
      const { bytes: source, start, end } = attributes;
      if (end - start > ATTRIBUTES_BYTES_MAX) {
        // No attribute begins with this letter either.
        const text = `d${rangeDigest(attributes)}`;
        attributesEnd = metricEnd + bytes.write(text, metricEnd, 'latin1');
        return;
      }
      attributesEnd = metricEnd;
      // A loop: for some 40 bytes a call of copy costs more.
      for (let at = start; at < end; at++) bytes[attributesEnd++] = source[at]!;
    },
    keyEnd(part) {
      if (part === '') return attributesEnd;
      bytes[attributesEnd] = PART_MARK;
      return attributesEnd + 1 + bytes.write(part, attributesEnd + 1, 'latin1');
    },
  };
}
