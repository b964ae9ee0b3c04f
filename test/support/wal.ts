// What tests of the WAL share: batches that tell who they are, and a replay as a list.

import type { EventBatch, FileSystem, PointBatch } from '../../storage/index.ts';
import { type ReplayResult, replayWal } from '../../storage/wal/reader.ts';
import type { WalRecord } from '../../storage/wal/record.ts';
import { openWalWriter, type WalWriter, type WalWriterOptions } from '../../storage/wal/writer.ts';
import { createSimClock } from '../sim/sim-clock.ts';

/** A batch whose every column depends on `tag`. */
export function batch(tag: number, count = 3): PointBatch {
  return {
    ids: Uint32Array.from({ length: count }, (_, i) => tag * 7 + i * i),
    timestampsMs: Float64Array.from({ length: count }, (_, i) => 1_700_000_000_000 + tag + i * 5),
    values: Float64Array.from({ length: count }, (_, i) => tag + i / 8),
  };
}

export function points(tag: number, count?: number): WalRecord {
  return { kind: 'points', batch: batch(tag, count) };
}

/** A record as text in which any different bit makes a difference. */
export function recordText(record: WalRecord): string {
  if (record.kind === 'series') return JSON.stringify(record.entries);
  if (record.kind === 'events') return eventsText(record.events);
  const { ids, timestampsMs, values } = record.batch;
  const bits = new BigUint64Array(values.slice().buffer);
  return `${ids.join()} @ ${timestampsMs.join()} = ${[...bits].map((b) => b.toString(16)).join()}`;
}

function eventsText({ ids, timestampsMs, nanos, bodies, attributes }: EventBatch): string {
  const texts = [bodies, attributes].map(({ ends, bytes }) => {
    return `${ends.join()} ${Buffer.from(bytes).toString('latin1')}`;
  });
  return `${ids.join()} @ ${timestampsMs.join()} + ${nanos.join()} = ${texts.join()}`;
}

export function openWriter(
  fs: FileSystem,
  options: Partial<WalWriterOptions> = {},
): Promise<WalWriter> {
  const { clock, scheduler } = createSimClock();
  const common = { dir: 'data', fs, clock, scheduler, intervalMs: 200, segment: 1 };
  return openWalWriter({ ...common, sync: 'group', ...options });
}

export async function replay(
  fs: FileSystem,
  fromSegment = 1,
): Promise<ReplayResult & { texts: string[] }> {
  const texts: string[] = [];
  const onRecord = (record: WalRecord): void => void texts.push(recordText(record));
  const result = await replayWal({ dir: 'data', fs, fromSegment, onRecord });
  return { ...result, texts };
}
