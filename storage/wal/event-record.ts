// A record of events as bytes and back. Their texts are most of it and are copied as they are.

import type { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import type { EventBatch } from '../event-types.ts';
import { RECORD_KIND } from './format.ts';

export function encodeEvents(events: EventBatch): Uint8Array {
  const { ids, timestampsMs, nanos, bodies, attributes } = events;
  const writer = new ByteWriter(16 * ids.length + bodies.bytes.length + attributes.bytes.length);
  writer.uint8(RECORD_KIND.events);
  writer.varint(ids.length);
  let bodyEnd = 0;
  let attributesEnd = 0;
  for (let i = 0; i < ids.length; i++) {
    writer.varint(ids[i]!);
    writer.signedVarint(timestampsMs[i]!);
    writer.varint(nanos[i]!);
    writer.varint(bodies.ends[i]! - bodyEnd);
    writer.varint(attributes.ends[i]! - attributesEnd);
    bodyEnd = bodies.ends[i]!;
    attributesEnd = attributes.ends[i]!;
  }
  writer.bytes(bodies.bytes);
  writer.bytes(attributes.bytes);
  return writer.view();
}

/** What follows the kind. The columns are copies. */
export function decodeEvents(reader: ByteReader): EventBatch {
  const count = reader.varint();
  if (count > reader.remaining) throw reader.corrupt(`a record of ${count} events is too short`);
  const ids = new Uint32Array(count);
  const timestampsMs = new Float64Array(count);
  const nanos = new Uint32Array(count);
  const bodyEnds = new Uint32Array(count);
  const attributeEnds = new Uint32Array(count);
  let bodyEnd = 0;
  let attributesEnd = 0;
  for (let i = 0; i < count; i++) {
    ids[i] = reader.varint();
    timestampsMs[i] = reader.signedVarint();
    nanos[i] = reader.varint();
    bodyEnds[i] = bodyEnd += reader.varint();
    attributeEnds[i] = attributesEnd += reader.varint();
  }
  const bodies = { ends: bodyEnds, bytes: Uint8Array.from(reader.bytes(bodyEnd)) };
  const attributes = { ends: attributeEnds, bytes: Uint8Array.from(reader.bytes(attributesEnd)) };
  reader.expectEnd();
  return { ids, timestampsMs, nanos, bodies, attributes };
}
