// A log file is a header and frames; WAL segments and manifests are log files.
//
//   header  | magic 8 | version u32 | marker u32 | number u32 | crc u32 of the 20 B before |
//   frame   | marker u32 | length u32 | payload crc u32 | crc u32 of the 12 B before |
//           | payload, length B | zeros up to a multiple of 8 |
//
// The marker is the file's own and not 0: bytes of another file, or of an earlier one in the same
// sectors, never pass for a frame. A frame header vouches for itself, so that a damaged payload
// can be stepped over, and the next frame be found again after a damaged header.

import { checksum } from './checksum.ts';

/** On disk: not to be renumbered. */
export const LOG_VERSION = 1;
export const LOG_MAGIC = { wal: 'varveWAL', manifest: 'varveMAN' } as const;
export const LOG_HEADER_BYTES = 24;
export const FRAME_HEADER_BYTES = 16;
export const FRAME_ALIGNMENT = 8;

export type LogKind = keyof typeof LOG_MAGIC;

export interface LogHeader {
  readonly version: number;
  readonly marker: number;
  /** The number in the file's name. */
  readonly number: number;
}

/** A marker that depends on all of `seeds`. */
export function createMarker(seeds: readonly number[]): number {
  const bytes = new Uint8Array(Float64Array.from(seeds).buffer);
  return checksum(bytes) || 1;
}

export function encodeLogHeader(kind: LogKind, number: number, marker: number): Uint8Array {
  const bytes = new Uint8Array(LOG_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto(LOG_MAGIC[kind], bytes);
  view.setUint32(8, LOG_VERSION, true);
  view.setUint32(12, marker, true);
  view.setUint32(16, number, true);
  view.setUint32(20, checksum(bytes.subarray(0, 20)), true);
  return bytes;
}

/** The header at the start of `bytes`, or undefined when there is none or a damaged one. */
export function decodeLogHeader(kind: LogKind, bytes: Uint8Array): LogHeader | undefined {
  if (bytes.length < LOG_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, LOG_HEADER_BYTES);
  const magic = String.fromCharCode(...bytes.subarray(0, 8));
  if (magic !== LOG_MAGIC[kind]) return undefined;
  if (checksum(bytes.subarray(0, 20)) !== view.getUint32(20, true)) return undefined;
  return {
    version: view.getUint32(8, true),
    marker: view.getUint32(12, true),
    number: view.getUint32(16, true),
  };
}

/** Where the next frame starts after one with `length` B of payload at `offset`. */
export function frameEnd(offset: number, length: number): number {
  const end = offset + FRAME_HEADER_BYTES + length;
  return Math.ceil(end / FRAME_ALIGNMENT) * FRAME_ALIGNMENT;
}

/**
 * Finishes the frame at `offset` (a multiple of 8) whose payload is in place: writes its header
 * and padding. Returns where the next frame starts; `bytes` reach that far.
 */
export function sealFrame(
  bytes: Uint8Array,
  offset: number,
  length: number,
  marker: number,
): number {
  const start = offset + FRAME_HEADER_BYTES;
  const end = frameEnd(offset, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES);
  view.setUint32(0, marker, true);
  view.setUint32(4, length, true);
  view.setUint32(8, checksum(bytes.subarray(start, start + length)), true);
  view.setUint32(12, checksum(bytes.subarray(offset, offset + 12)), true);
  bytes.fill(0, start + length, end);
  return end;
}

export interface FrameHeader {
  readonly marker: number;
  readonly length: number;
  readonly payloadChecksum: number;
}

/** The frame header at `offset`, if there is one; of any file when `marker` is undefined. */
export function decodeFrameHeader(
  bytes: Uint8Array,
  offset: number,
  marker: number | undefined,
): FrameHeader | undefined {
  if (offset + FRAME_HEADER_BYTES > bytes.length) return undefined;
  const found = uint32At(bytes, offset);
  if (found !== (marker ?? found) || found === 0) return undefined;
  if (checksum(bytes.subarray(offset, offset + 12)) !== uint32At(bytes, offset + 12)) {
    return undefined;
  }
  return {
    marker: found,
    length: uint32At(bytes, offset + 4),
    payloadChecksum: uint32At(bytes, offset + 8),
  };
}

/** Little-endian. The search for a frame asks at every eighth byte: too often for a DataView. */
function uint32At(bytes: Uint8Array, offset: number): number {
  const low = bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16);
  return (low | (bytes[offset + 3]! << 24)) >>> 0;
}
