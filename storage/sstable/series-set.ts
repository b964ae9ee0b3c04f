// The exact set of series ids in a table: ascending, as differences.

import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';

export function encodeSeriesSet(ids: Uint32Array): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(ids.length);
  let before = 0;
  for (const id of ids) {
    writer.varint(id - before);
    before = id;
  }
  return writer.copy();
}

export function decodeSeriesSet(content: Uint8Array, path: string, offset: number): Uint32Array {
  const reader = new ByteReader(content, path, offset);
  const count = reader.varint();
  if (count > content.length) throw reader.corrupt('more series than bytes');
  const ids = new Uint32Array(count);
  let before = 0;
  for (let k = 0; k < count; k++) {
    before += reader.varint();
    ids[k] = before;
  }
  reader.expectEnd();
  return ids;
}
