// Events as columns, and the one order they have: by stream, then by time, then by body. Two that
// are equal in it are one event, however often it was sent.

import { bytesAt } from '../coding/byte-column.ts';
import type { EventBatch } from '../event-types.ts';
import type { SeriesId } from '../series/labels.ts';
import { growBytes, growFloat64s, growUint32s } from './grow.ts';

/** Memory of an event beside its bytes: id, time and the ends of body and attributes. */
export const EVENT_COLUMN_BYTES = 4 + 8 + 4 + 4 + 4;

const NO_ATTRIBUTES = new Uint8Array(0);

export function compareEvents(a: EventBatch, i: number, b: EventBatch, j: number): number {
  return (
    a.ids[i]! - b.ids[j]! ||
    a.timestampsMs[i]! - b.timestampsMs[j]! ||
    a.nanos[i]! - b.nanos[j]! ||
    Buffer.compare(bytesAt(a.bodies, i), bytesAt(b.bodies, j))
  );
}

/** Positions of `columns` in their order, of equal ones the first; sorts `positions` in place. */
export function sortEvents(columns: EventBatch, positions: Uint32Array): Uint32Array {
  const compare = (i: number, j: number) => compareEvents(columns, i, columns, j);
  let isSorted = true;
  for (let k = 1; k < positions.length && isSorted; k++) {
    isSorted = compare(positions[k - 1]!, positions[k]!) < 0;
  }
  if (isSorted) return positions;
  positions.sort((i, j) => compare(i, j) || i - j);
  let kept = 0;
  for (const position of positions) {
    if (kept > 0 && compare(positions[kept - 1]!, position) === 0) continue;
    positions[kept++] = position;
  }
  return positions.subarray(0, kept);
}

/** The events [from, to), their texts not copied. */
export function sliceEvents(batch: EventBatch, from: number, to: number): EventBatch {
  return {
    ids: batch.ids.subarray(from, to),
    timestampsMs: batch.timestampsMs.subarray(from, to),
    nanos: batch.nanos.subarray(from, to),
    bodies: sliceTexts(batch.bodies, from, to),
    attributes: sliceTexts(batch.attributes, from, to),
  };
}

function sliceTexts({ ends, bytes }: EventBatch['bodies'], from: number, to: number) {
  const start = from === 0 ? 0 : ends[from - 1]!;
  const end = to === 0 ? 0 : ends[to - 1]!;
  return {
    ends: ends.slice(from, to).map((own) => own - start),
    bytes: bytes.subarray(start, end),
  };
}

/** Memory that the events of a batch take in a buffer. */
export function memoryBytesOf({ ids, bodies, attributes }: EventBatch): number {
  return ids.length * EVENT_COLUMN_BYTES + bodies.bytes.length + attributes.bytes.length;
}

/** Gathers events into columns: a batch to append, or all that memory holds. */
export class EventBuffer {
  #count = 0;
  #ids: Uint32Array;
  #timestampsMs: Float64Array;
  #nanos: Uint32Array;
  #bodyEnds: Uint32Array;
  #attributeEnds: Uint32Array;
  #bodies: Uint8Array;
  #attributes: Uint8Array;

  /** `shared`: in memory that threads read without a copy. */
  constructor(shared = false) {
    const memory = (bytes: number) =>
      shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
    this.#ids = new Uint32Array(memory(64));
    this.#timestampsMs = new Float64Array(memory(64));
    this.#nanos = new Uint32Array(memory(64));
    this.#bodyEnds = new Uint32Array(memory(64));
    this.#attributeEnds = new Uint32Array(memory(64));
    this.#bodies = new Uint8Array(memory(64));
    this.#attributes = new Uint8Array(memory(64));
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes in use: columns and texts. */
  get bytes(): number {
    return this.#count * EVENT_COLUMN_BYTES + this.#bodyBytes + this.#attributeBytes;
  }

  /** Takes one event; see EventBatch for what its parts are. The bytes are copied. */
  add(
    id: SeriesId,
    timestampMs: number,
    nanos: number,
    body: Uint8Array,
    attributes: Uint8Array = NO_ATTRIBUTES,
  ): void {
    const at = this.#count;
    this.#reserve(1, body.length, attributes.length);
    const bodyStart = this.#bodyBytes;
    const attributesStart = this.#attributeBytes;
    this.#ids[at] = id;
    this.#timestampsMs[at] = timestampMs;
    this.#nanos[at] = nanos;
    this.#bodies.set(body, bodyStart);
    this.#bodyEnds[at] = bodyStart + body.length;
    this.#attributes.set(attributes, attributesStart);
    this.#attributeEnds[at] = attributesStart + attributes.length;
    this.#count++;
  }

  append(batch: EventBatch): void {
    const { ids, bodies, attributes } = batch;
    const at = this.#count;
    this.#reserve(ids.length, bodies.bytes.length, attributes.bytes.length);
    const bodyStart = this.#bodyBytes;
    const attributesStart = this.#attributeBytes;
    this.#ids.set(ids, at);
    this.#timestampsMs.set(batch.timestampsMs, at);
    this.#nanos.set(batch.nanos, at);
    this.#bodies.set(bodies.bytes, bodyStart);
    this.#attributes.set(attributes.bytes, attributesStart);
    for (let i = 0; i < ids.length; i++) {
      this.#bodyEnds[at + i] = bodyStart + bodies.ends[i]!;
      this.#attributeEnds[at + i] = attributesStart + attributes.ends[i]!;
    }
    this.#count += ids.length;
  }

  /** Everything so far, as views: what is added later is not in them. */
  columns(): EventBatch {
    const count = this.#count;
    return {
      ids: this.#ids.subarray(0, count),
      timestampsMs: this.#timestampsMs.subarray(0, count),
      nanos: this.#nanos.subarray(0, count),
      bodies: {
        ends: this.#bodyEnds.subarray(0, count),
        bytes: this.#bodies.subarray(0, this.#bodyBytes),
      },
      attributes: {
        ends: this.#attributeEnds.subarray(0, count),
        bytes: this.#attributes.subarray(0, this.#attributeBytes),
      },
    };
  }

  get #bodyBytes(): number {
    return this.#count === 0 ? 0 : this.#bodyEnds[this.#count - 1]!;
  }

  get #attributeBytes(): number {
    return this.#count === 0 ? 0 : this.#attributeEnds[this.#count - 1]!;
  }

  #reserve(events: number, bodyBytes: number, attributeBytes: number): void {
    const count = this.#count + events;
    this.#ids = growUint32s(this.#ids, count);
    this.#timestampsMs = growFloat64s(this.#timestampsMs, count);
    this.#nanos = growUint32s(this.#nanos, count);
    this.#bodyEnds = growUint32s(this.#bodyEnds, count);
    this.#attributeEnds = growUint32s(this.#attributeEnds, count);
    this.#bodies = growBytes(this.#bodies, this.#bodyBytes + bodyBytes);
    this.#attributes = growBytes(this.#attributes, this.#attributeBytes + attributeBytes);
  }
}
