// Write requests for tests and benchmarks, encoded by the generated code or by hand.

import { create, toBinary } from '@bufbuild/protobuf';
import { ColumnsSchema, WriteRequestSchema } from '../../proto/index.ts';
import type { WriteRequestInit } from './ingest-server.ts';

export interface ColumnPoint {
  readonly ref: number;
  readonly timestampMs: number | bigint;
  readonly value: number;
}

export function encodeRequest(request: WriteRequestInit): Buffer {
  return Buffer.from(toBinary(WriteRequestSchema, create(WriteRequestSchema, request)));
}

export function toColumns(points: readonly ColumnPoint[]) {
  return {
    refs: points.map(({ ref }) => ref),
    timestampsMs: points.map(({ timestampMs }) => BigInt(timestampMs)),
    values: points.map(({ value }) => value),
  };
}

export function encodeColumns(points: readonly ColumnPoint[]): Buffer {
  return Buffer.from(toBinary(ColumnsSchema, create(ColumnsSchema, toColumns(points))));
}

/** `{host="a"}` as labels, from an object. */
export function toLabels(labels: Readonly<Record<string, string>>) {
  return Object.entries(labels).map(([name, value]) => ({ name, value }));
}

/** A length-delimited field, for messages that no encoder would write. */
export function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  bytes.push(value);
  return Buffer.from(bytes);
}

/** A message as gRPC sends it: not compressed, behind its length. */
export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(5 + message.length);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}
