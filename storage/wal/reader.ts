// The reading end of the WAL: replays segments in order. Records stand alone (a point written
// twice is one point), so a damaged one is skipped and announced, and the next is taken.
//
// What is damaged at the very end of the last segment was being written when the machine went
// down, and was acknowledged to nobody: it is cut off without a word, so that the next restart does
// not find it in the middle of the log. Cut or not, the last segment is synced: what a killed
// process left in the kernel's memory is built upon from now on.

import { type LogDamage, scanLog } from '../coding/log-scanner.ts';
import type { FileSystem, ReadableFile } from '../env/env.ts';
import { CorruptionError } from '../errors.ts';
import { fileNumbers, walDir, walPath } from '../filenames.ts';
import { WAL_READ_BYTES, WAL_RECORD_BYTES_MAX } from '../limits.ts';
import { decodeRecord, type WalRecord } from './record.ts';

export interface ReplayOptions {
  /** The data directory. */
  readonly dir: string;
  readonly fs: FileSystem;
  /** Segments below are passed over. */
  readonly fromSegment: number;
  /** Called in the order of the appends; replay waits for it. */
  readonly onRecord: (record: WalRecord, segment: number) => void | Promise<void>;
}

export interface ReplayResult {
  /** Numbers of the segments replayed, ascending. Files behind them were empty and are gone. */
  readonly segments: readonly number[];
  readonly records: number;
  /** Size of a torn end of the last segment, which is now cut off. */
  readonly tornBytes: number;
  /** One for each stretch of damage that was passed over. */
  readonly skipped: readonly CorruptionError[];
  readonly skippedBytes: number;
}

/** Needs the memory of one piece and one record. Throws CorruptionError on a newer format. */
export async function replayWal(options: ReplayOptions): Promise<ReplayResult> {
  const { dir, fs, fromSegment, onRecord } = options;
  const files = fileNumbers(await fs.list(walDir(dir)), 'wal');
  const last = await lastBegun(dir, fs, files);
  for (const segment of files) {
    if (segment > (last ?? 0)) await fs.remove(walPath(dir, segment));
  }
  const segments = files.filter((segment) => segment >= fromSegment && segment <= (last ?? 0));
  const skipped: CorruptionError[] = [];
  let records = 0;
  let skippedBytes = 0;
  let tornBytes = 0;
  for (const segment of segments) {
    const path = walPath(dir, segment);
    for await (const item of readSegment(fs, path)) {
      if (item.kind === 'record') {
        records += 1;
        await onRecord(item.record, segment);
      } else if (item.atEnd && segment === last) {
        tornBytes = item.length;
      } else {
        skippedBytes += item.length;
        skipped.push(damageError(path, item));
      }
    }
  }
  if (last !== undefined && last >= fromSegment) await syncWhole(fs, walPath(dir, last), tornBytes);
  return { segments, records, tornBytes, skipped, skippedBytes };
}

/** The last of `segments` that anything was written to; later files were only prepared. */
export async function lastBegun(
  dir: string,
  fs: FileSystem,
  segments: readonly number[],
): Promise<number | undefined> {
  for (const segment of segments.toReversed()) {
    if (((await fs.size(walPath(dir, segment))) ?? 0) > 0) return segment;
  }
  return undefined;
}

/** Cuts off the torn end, which may be empty, and makes the rest durable. */
async function syncWhole(fs: FileSystem, path: string, tornBytes: number): Promise<void> {
  const size = (await fs.size(path)) ?? 0;
  await fs.truncate(path, size - tornBytes);
}

export interface SegmentRecord {
  readonly kind: 'record';
  readonly record: WalRecord;
  /** Place of its payload in the file. */
  readonly offset: number;
  readonly length: number;
  /** Zeros follow up to the next record, as written. */
  readonly padded: boolean;
}

/** What a segment holds, in order. */
export type SegmentItem = SegmentRecord | LogDamage;

/** Reads one segment from front to back and changes nothing. */
export async function* readSegment(
  fs: FileSystem,
  path: string,
): AsyncGenerator<SegmentItem, void, void> {
  const file: ReadableFile = await fs.open(path);
  try {
    const limits = { readBytes: WAL_READ_BYTES, payloadBytesMax: WAL_RECORD_BYTES_MAX };
    for await (const item of scanLog({ kind: 'wal', file, path, ...limits })) {
      if (item.kind === 'damage') {
        yield item;
        continue;
      }
      const { payload, offset, padded } = item;
      const record = decodeRecord(payload, path, offset);
      yield { kind: 'record', record, offset, length: payload.length, padded };
    }
  } finally {
    await file.close();
  }
}

function damageError(path: string, damage: LogDamage): CorruptionError {
  const { offset, length, expectation } = damage;
  return new CorruptionError(path, offset, `${expectation}; ${length} B are skipped`);
}
