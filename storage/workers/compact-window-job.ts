// The piece of a merge that one job does: a range of series out of the tables of one window becomes
// blocks of the new table. What was not enough for a block goes on to the next job, as a block of
// its own that is opened and begun again there: so the same points always give the same blocks.

import type { Tombstone } from '../manifest/edit.ts';
import type { PointColumns } from '../memtable.ts';
import { mergeRuns } from '../merge.ts';
import { type Block, decodeChunk } from '../sstable/block.ts';
import {
  type BlockBuilder,
  createBlockBuilder,
  type EncodedBlock,
} from '../sstable/block-builder.ts';
import type { BlockInfo } from '../sstable/block-index.ts';
import type { TableWindow } from '../sstable/format.ts';
import { openTableBlock } from '../sstable/reader.ts';
import { ALL_TIME, pushVisible, rangesHiding } from '../tombstones/hidden.ts';

export interface CompactWindowInput {
  readonly window: TableWindow;
  /** Oldest first. */
  readonly tables: readonly TableBlocks[];
  /** The series to merge, both included; points of others are in other jobs. */
  readonly firstSeries: number;
  readonly lastSeries: number;
  /** What the job before has left over. */
  readonly carried: EncodedBlock | undefined;
}

/** Neighbouring blocks of one table. */
export interface TableBlocks {
  /** For errors. */
  readonly path: string;
  readonly blocks: readonly BlockInfo[];
  /** The bytes of all of them as they lie in the file. */
  readonly bytes: Uint8Array;
  /** What they hide of it is left out. */
  readonly tombstones: readonly Tombstone[];
}

export interface CompactWindowOutput {
  readonly blocks: readonly EncodedBlock[];
  /** The last block, which may have room for more; the next job, or the file, takes it. */
  readonly carried: EncodedBlock | undefined;
  /** Those that have points after it, ascending. */
  readonly seriesIds: Uint32Array;
}

/** Throws CorruptionError on damaged input. */
export function compactWindow(input: CompactWindowInput): CompactWindowOutput {
  const builder = createBlockBuilder(input.window);
  if (input.carried !== undefined) beginWith(input.carried, builder);
  const cursors = input.tables.map((table) => new TableCursor(table, input.firstSeries));
  const ids: number[] = [];
  for (let id = lowestId(cursors); id <= input.lastSeries; id = lowestId(cursors)) {
    const runs: PointColumns[] = [];
    for (const cursor of cursors) cursor.takeRuns(id, runs);
    const { timestampsMs, values } = mergeRuns(runs);
    if (values.length === 0) continue;
    builder.add(id, timestampsMs, values, 0, values.length);
    ids.push(id);
  }
  const blocks = builder.drain();
  builder.finishBlock();
  return { blocks, carried: builder.drain()[0], seriesIds: Uint32Array.from(ids) };
}

function beginWith({ bytes, summary }: EncodedBlock, builder: BlockBuilder): void {
  const info = { ...summary, handle: { offset: 0, size: bytes.length } };
  const block = openTableBlock(bytes, info, 'a block in memory');
  for (const [chunk, id] of block.ids.entries()) {
    const { timestampsMs, values } = decodeChunk(block, chunk);
    builder.add(id, timestampsMs, values, 0, values.length);
  }
}

function lowestId(cursors: readonly TableCursor[]): number {
  return cursors.reduce((lowest, { id }) => Math.min(lowest, id), Number.POSITIVE_INFINITY);
}

/** Goes through the chunks of one table in their order; one block is open at a time. */
class TableCursor {
  readonly #table: TableBlocks;
  #position = -1;
  #block: Block | undefined;
  #chunk = 0;

  constructor(table: TableBlocks, firstSeries: number) {
    this.#table = table;
    this.#openNext();
    while (this.id < firstSeries) this.#advance();
  }

  /** The series of the next chunk; Infinity behind the last. */
  get id(): number {
    return this.#block?.ids[this.#chunk] ?? Number.POSITIVE_INFINITY;
  }

  /** Moves what is to stay of the chunks of `id`, if they are next, to `runs`. */
  takeRuns(id: number, runs: PointColumns[]): void {
    if (this.id !== id) return;
    const hidden = rangesHiding(this.#table.tombstones, id);
    for (; this.id === id; this.#advance()) {
      pushVisible(runs, decodeChunk(this.#block!, this.#chunk), ALL_TIME, hidden);
    }
  }

  #advance(): void {
    if (++this.#chunk === this.#block!.ids.length) this.#openNext();
  }

  #openNext(): void {
    const { blocks, bytes, path } = this.#table;
    this.#chunk = 0;
    const info = blocks[++this.#position];
    if (info === undefined) {
      this.#block = undefined;
      return;
    }
    const { offset, size } = info.handle;
    const from = offset - blocks[0]!.handle.offset;
    this.#block = openTableBlock(bytes.subarray(from, from + size), info, path);
  }
}
