// Where the events of some streams in a range may lie: memtables, and blocks of tables.

import type { Core } from '../core.ts';
import type { Block } from '../sstable/block.ts';
import { orReport, readerOf, tablesIn } from '../table-access.ts';
import { tombstonesOver } from '../tombstones/hidden.ts';
import type { ScanRequest, TimeRange } from '../types.ts';
import type { TableFile, Version } from '../version.ts';
import type { EventMemtable } from './event-memtable.ts';
import { asEventTable, type EventTable, readText } from './event-table.ts';
import type { EventBlockInfo } from './format.ts';
import { createHiding } from './hiding.ts';
import type { EventPlace } from './slices.ts';
import type { TextBlock } from './text-reader.ts';

export type SourceRequest = Pick<ScanRequest, 'signal' | 'cost' | 'onCorruption'>;

/** A block that can hold an event that is wanted. */
export interface EventBlockSource {
  readonly file: TableFile;
  readonly table: EventTable;
  readonly block: number;
  readonly info: EventBlockInfo;
  /** Of events of the block. */
  readonly isHidden: (place: EventPlace) => boolean;
}

export function eventMemtables(version: Version, range: TimeRange): EventMemtable[] {
  const { sealed, active } = version.parts;
  return [...sealed, active].map(({ events }) => events).filter((events) => events.meets(range));
}

/** By table, oldest first: blocks in their order that can hold events of `ids` (ascending). */
export async function eventBlocks(
  version: Version,
  ids: Uint32Array,
  range: TimeRange,
  request: SourceRequest,
  core: Core,
): Promise<EventBlockSource[][]> {
  const found: EventBlockSource[][] = [];
  for (const file of tablesIn(version, range, 'events')) {
    if (request.cost !== undefined) request.cost.tables++;
    const opened = await readerOf(file, request, core);
    if (opened === undefined) continue;
    const table = asEventTable(opened);
    const blocks = table.blocksFor(ids, range.startMs, range.endMs);
    core.counters.scanTables += blocks.length > 0 ? 1 : 0;
    const isHidden = createHiding(tombstonesOver(version.parts.deletions, file.meta, range));
    found.push(
      blocks.map((block) => ({ file, table, block, info: table.blocks[block]!, isHidden })),
    );
  }
  return found;
}

/** The times of a block; undefined when they are damaged, and that is passed over. */
export function loadTimes(
  { file, table, block, info }: EventBlockSource,
  request: SourceRequest,
  core: Core,
): Promise<Block | undefined> {
  const read = () => {
    countRead(request, info.timesSize);
    return table.readBlock(block);
  };
  countAsked(request, core);
  return orReport(core.blockCache.get(file.meta.number, 2 * block, read), request, core);
}

/** The text of a block; undefined when it is damaged, and that is passed over. */
export function loadText(
  { file, table, block, info }: EventBlockSource,
  request: SourceRequest,
  core: Core,
): Promise<TextBlock | undefined> {
  const read = () => {
    countRead(request, info.handle.size - info.timesSize);
    return readText(table, block);
  };
  countAsked(request, core);
  return orReport(core.blockCache.get(file.meta.number, 2 * block + 1, read), request, core);
}

function countAsked({ cost }: SourceRequest, core: Core): void {
  core.counters.blocksRead++;
  if (cost !== undefined) cost.blocksCached++;
}

function countRead({ cost }: SourceRequest, bytes: number): void {
  if (cost === undefined) return;
  cost.blocksCached--;
  cost.blocksRead++;
  cost.bytesRead += bytes;
}
