// Reads a table of events: times when they are all that is wanted, and texts.

import { assert } from '../assert.ts';
import type { ReadableFile } from '../env/env.ts';
import { CorruptionError } from '../errors.ts';
import type { EventBatch } from '../event-types.ts';
import { type Block, decodeChunk } from '../sstable/block.ts';
import type { TableContent } from '../sstable/format.ts';
import { openTable, openTableBlock, openTableOf, type Table } from '../sstable/reader.ts';
import { decodeEventIndex, type EventBlockInfo, textHandle, timesHandle } from './format.ts';
import { openText, type TextBlock } from './text-reader.ts';

export type EventTable = Table<EventBlockInfo>;

/** Opens the table in `file`, which is closed with it. `path` is for error messages. */
export function openEventTable(file: ReadableFile, path: string): Promise<EventTable> {
  const format = {
    kind: 'events',
    decodeIndex: decodeEventIndex,
    pointsHandle: timesHandle,
  } as const;
  return openTableOf(format, file, path);
}

/** Opens a table of any content. */
export function openTableOfKind(
  kind: TableContent,
  file: ReadableFile,
  path: string,
): Promise<Table> {
  return kind === 'events' ? openEventTable(file, path) : openTable(file, path);
}

/** What is known to be a table of events, as one. */
export function asEventTable(table: Table): EventTable {
  assert(table.kind === 'events', 'a table of events is asked for events');
  return table as EventTable;
}

/** Reads, checks and decompresses the text of one block. */
export async function readText(table: EventTable, block: number): Promise<TextBlock> {
  const info = table.blocks[block]!;
  return openBlockText(await table.readBytes(textHandle(info)), info, table.path);
}

function openBlockText(bytes: Uint8Array, info: EventBlockInfo, path: string): TextBlock {
  const text = openText(bytes, path, textHandle(info).offset);
  if (text.count === info.pointCount) return text;
  throw new CorruptionError(path, textHandle(info).offset, 'a text and its index entry differ');
}

/** By event of a block, in its order. */
export type EventTimes = Pick<EventBatch, 'ids' | 'timestampsMs' | 'nanos'>;

export function timesOf(block: Block): EventTimes {
  const times = {
    ids: new Uint32Array(block.pointCount),
    timestampsMs: new Float64Array(block.pointCount),
    nanos: new Uint32Array(block.pointCount),
  };
  let at = 0;
  for (const [chunk, id] of block.ids.entries()) {
    const { timestampsMs, values } = decodeChunk(block, chunk);
    times.ids.fill(id, at, at + values.length);
    times.timestampsMs.set(timestampsMs, at);
    times.nanos.set(values, at);
    at += values.length;
  }
  return times;
}

export function joinEvents(times: EventTimes, text: TextBlock): EventBatch {
  return { ...times, bodies: text.bodies(), attributes: text.attributes() };
}

/** All of a block whose bytes are at hand. Throws CorruptionError. */
export function openEventBlock(bytes: Uint8Array, info: EventBlockInfo, path: string): EventBatch {
  const block = openTableBlock(bytes.subarray(0, info.timesSize), info, path);
  return joinEvents(timesOf(block), openBlockText(bytes.subarray(info.timesSize), info, path));
}
