// The text of a block: bodies as columns of fields, attributes as they are.

import { ByteWriter } from '../coding/byte-writer.ts';
import { compressTextFrame } from '../coding/zstd.ts';
import { encodeFrames } from '../sstable/frames.ts';
import { createFieldWriter, type FieldWriter } from './field-writer.ts';
import { growBytes } from './grow.ts';
import {
  END_MARK,
  FIELD_STREAMS,
  FIELDS_MAX,
  fieldStream,
  NUMBER_MARK,
  TEXT_STREAM,
  TEXT_STREAM_COUNT,
} from './text-format.ts';

export interface TextWriter {
  readonly count: number;
  /** Bytes of the bodies and attributes added. */
  readonly bytes: number;
  add(body: Uint8Array, attributes: Uint8Array): void;
  /** What was added as one checked piece of bytes; begins anew. */
  finish(): Uint8Array;
}

export function createTextWriter(): TextWriter {
  const fields: FieldWriter[] = [];
  const head = new ByteWriter(16);
  const plainLengths = new ByteWriter();
  const plain = new ByteWriter();
  const attributeLengths = new ByteWriter();
  const attributesWriter = new ByteWriter();
  let fieldCounts: Uint8Array = new Uint8Array(1024);
  let count = 0;
  let bodyBytes = 0;

  /** Adds the fields of `body` to their columns and returns how many there are. */
  function addFields(body: Uint8Array): number {
    for (let field = 0, from = 0; ; field++) {
      const end = writerOf(field).add(body, from, field === FIELDS_MAX - 1);
      if (end === body.length) return field + 1;
      from = end + 1;
    }
  }

  function writerOf(field: number): FieldWriter {
    if (field === fields.length) fields.push(createFieldWriter());
    return fields[field]!;
  }

  function streams(): Uint8Array[] {
    head.varint(count);
    head.varint(bodyBytes);
    const all = new Array<Uint8Array>(TEXT_STREAM_COUNT).fill(head.view().subarray(0, 0));
    all[TEXT_STREAM.head] = head.view();
    all[TEXT_STREAM.fieldCounts] = fieldCounts.subarray(0, count);
    all[TEXT_STREAM.plainLengths] = plainLengths.view();
    all[TEXT_STREAM.plain] = plain.view();
    if (attributesWriter.length > 0) {
      all[TEXT_STREAM.attributeLengths] = attributeLengths.view();
      all[TEXT_STREAM.attributes] = attributesWriter.view();
    }
    for (const [field, writer] of fields.entries()) {
      all.splice(fieldStream(field), FIELD_STREAMS, ...writer.streams());
    }
    return all;
  }

  function reset(): void {
    for (const writer of [head, plainLengths, plain, attributeLengths, attributesWriter]) {
      writer.reset();
    }
    for (const writer of fields) writer.reset();
    count = 0;
    bodyBytes = 0;
  }

  return {
    get count() {
      return count;
    },
    get bytes() {
      return bodyBytes + attributesWriter.length;
    },
    add(body, attributes) {
      const isPlain = body.includes(NUMBER_MARK) || body.includes(END_MARK);
      fieldCounts = growBytes(fieldCounts, count + 1);
      fieldCounts[count++] = isPlain ? 0 : addFields(body);
      if (isPlain) {
        plainLengths.varint(body.length);
        plain.bytes(body);
      }
      bodyBytes += body.length;
      attributeLengths.varint(attributes.length);
      attributesWriter.bytes(attributes);
    },
    finish() {
      const bytes = encodeFrames(streams(), compressTextFrame);
      reset();
      return bytes;
    },
  };
}
