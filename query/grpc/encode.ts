// Answers as protobuf, written by hand: a column is copied as bytes, which is fast, and keeps
// every NaN as it is. Little-endian, as protobuf and the hosts are.

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Labels } from '../../storage/index.ts';

/** Field numbers, as in proto/varve/v1. */
const LABEL = { name: 1, value: 2 };
const TIME_SERIES = { labels: 1, timestampsMs: 2, values: 3 };
const SERIES_DEFINITION = { ref: 1, labels: 2 };
const COLUMNS = { refs: 1, timestampsMs: 2, values: 3 };
const QUERY_RESPONSE = { series: 1, warnings: 2 };
const SCAN_RANGE_RESPONSE = { definitions: 1, columns: 2 };

/** Points of one series on the wire. */
export interface WireSeries {
  readonly labels: Labels;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

/** New refs and points of a scan, in parallel columns. */
export interface WireScan {
  readonly definitions: readonly { readonly ref: number; readonly labels: Labels }[];
  readonly refs: Uint32Array;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

export function encodeQueryResponse(
  series: readonly WireSeries[],
  warnings: readonly string[],
): Uint8Array {
  const writer = new BinaryWriter();
  for (const { labels, timestampsMs, values } of series) {
    writer.tag(QUERY_RESPONSE.series, WireType.LengthDelimited).fork();
    writeLabels(writer, TIME_SERIES.labels, labels);
    writeBytes(writer, TIME_SERIES.timestampsMs, fixed64(timestampsMs));
    writeBytes(writer, TIME_SERIES.values, bytesOf(values));
    writer.join();
  }
  for (const warning of warnings) {
    writer.tag(QUERY_RESPONSE.warnings, WireType.LengthDelimited).string(warning);
  }
  return writer.finish();
}

export function encodeScanResponse(scan: WireScan): Uint8Array {
  const writer = new BinaryWriter();
  for (const { ref, labels } of scan.definitions) {
    writer.tag(SCAN_RANGE_RESPONSE.definitions, WireType.LengthDelimited).fork();
    writer.tag(SERIES_DEFINITION.ref, WireType.Bit32).fixed32(ref);
    writeLabels(writer, SERIES_DEFINITION.labels, labels);
    writer.join();
  }
  writer.tag(SCAN_RANGE_RESPONSE.columns, WireType.LengthDelimited).fork();
  writeBytes(writer, COLUMNS.refs, bytesOf(scan.refs));
  writeBytes(writer, COLUMNS.timestampsMs, fixed64(scan.timestampsMs));
  writeBytes(writer, COLUMNS.values, bytesOf(scan.values));
  writer.join();
  return writer.finish();
}

/** Writes labels as messages of the field with that number. */
export function writeLabels(writer: BinaryWriter, field: number, labels: Labels): void {
  for (const { name, value } of labels) {
    writer.tag(field, WireType.LengthDelimited).fork();
    writer.tag(LABEL.name, WireType.LengthDelimited).string(name);
    writer.tag(LABEL.value, WireType.LengthDelimited).string(value);
    writer.join();
  }
}

function writeBytes(writer: BinaryWriter, field: number, bytes: Uint8Array): void {
  if (bytes.length > 0) writer.tag(field, WireType.LengthDelimited).bytes(bytes);
}

function bytesOf(column: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

const WORD = 2 ** 32;

/** Whole numbers within +-2^53 as int64, without a BigInt for each. */
function fixed64(numbers: Float64Array): Uint8Array {
  const words = new Int32Array(numbers.length * 2);
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!;
    const high = Math.floor(number / WORD);
    words[2 * i] = (number - high * WORD) | 0;
    words[2 * i + 1] = high;
  }
  return new Uint8Array(words.buffer);
}
