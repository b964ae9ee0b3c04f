// The end of a table: what it holds and where its parts are. Of fixed size, so it is read first.
//
//   summary       10 doubles
//   handles       offset and size as doubles: series ids, Bloom filter, block index
//   version       uint32
//   checksum      crc32 of all before it
//   magic         8 bytes

import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { checksum } from '../coding/checksum.ts';
import { CorruptionError } from '../errors.ts';
import {
  type BlockHandle,
  CHECKSUM_BYTES,
  MAGIC_BYTES,
  TABLE_MAGICS,
  TABLE_VERSION,
  type TableKind,
  type TableSummary,
} from './format.ts';
import { checkedBytes } from './section.ts';

export interface Footer {
  readonly summary: TableSummary;
  readonly seriesIds: BlockHandle;
  readonly bloom: BlockHandle;
  readonly index: BlockHandle;
}

export const FOOTER_BYTES = 10 * 8 + 3 * 16 + 4 + CHECKSUM_BYTES + MAGIC_BYTES;

export function encodeFooter(footer: Footer, kind: TableKind): Uint8Array {
  const { summary, seriesIds, bloom, index } = footer;
  const writer = new ByteWriter(FOOTER_BYTES);
  writer.float64(summary.policyId);
  writer.float64(summary.windowStartMs);
  writer.float64(summary.windowEndMs);
  writer.float64(summary.sizeBytes);
  writer.float64(summary.minTimestampMs);
  writer.float64(summary.maxTimestampMs);
  writer.float64(summary.firstSeries);
  writer.float64(summary.lastSeries);
  writer.float64(summary.seriesCount);
  writer.float64(summary.pointCount);
  for (const handle of [seriesIds, bloom, index]) {
    writer.float64(handle.offset);
    writer.float64(handle.size);
  }
  writer.uint32(TABLE_VERSION);
  writer.uint32(checksum(writer.view()));
  writer.bytes(TABLE_MAGICS[kind]);
  return writer.copy();
}

/** The footer in `bytes`, the last FOOTER_BYTES of the file `path` of `sizeBytes`. */
export function decodeFooter(
  bytes: Uint8Array,
  kind: TableKind,
  path: string,
  sizeBytes: number,
): Footer {
  const offset = sizeBytes - bytes.length;
  const magic = bytes.subarray(bytes.length - MAGIC_BYTES);
  if (bytes.length < FOOTER_BYTES || magic.some((byte, i) => byte !== TABLE_MAGICS[kind][i])) {
    throw new CorruptionError(path, offset, 'expected the end of a table, found something else');
  }
  const content = checkedBytes(bytes.subarray(0, -MAGIC_BYTES), path, offset);
  const reader = new ByteReader(content, path, offset);
  const summary: TableSummary = {
    policyId: reader.float64(),
    windowStartMs: reader.float64(),
    windowEndMs: reader.float64(),
    sizeBytes: reader.float64(),
    minTimestampMs: reader.float64(),
    maxTimestampMs: reader.float64(),
    firstSeries: reader.float64(),
    lastSeries: reader.float64(),
    seriesCount: reader.float64(),
    pointCount: reader.float64(),
  };
  const handle = (): BlockHandle => ({ offset: reader.float64(), size: reader.float64() });
  const footer = { summary, seriesIds: handle(), bloom: handle(), index: handle() };
  const version = reader.uint32();
  if (version !== TABLE_VERSION) {
    const expectation = `expected version ${TABLE_VERSION}, found ${version}`;
    throw new CorruptionError(path, offset, expectation, { isOtherVersion: true });
  }
  if (summary.sizeBytes !== sizeBytes) {
    const expectation = `expected a file of ${summary.sizeBytes} B, found ${sizeBytes} B`;
    throw new CorruptionError(path, offset, expectation);
  }
  return footer;
}
