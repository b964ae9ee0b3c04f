// The piece of a merge that one job does: a slice of the events of several tables of one window
// becomes blocks of the new table.

import type { EventBatch } from '../event-types.ts';
import type { Tombstone } from '../manifest/edit.ts';
import type { TableWindow } from '../sstable/format.ts';
import { createEventBlockBuilder, type EncodedEventBlock } from './block-builder.ts';
import { openEventBlock } from './event-table.ts';
import type { EventBlockInfo } from './format.ts';
import { createHiding } from './hiding.ts';
import { type EventCursor, mergeEvents } from './merge.ts';
import { comparePlaces, type EventPlace } from './slices.ts';

export interface CompactEventsInput {
  readonly window: TableWindow;
  readonly tables: readonly EventTableBlocks[];
  /** The places to merge; events elsewhere are in other jobs. */
  readonly after: EventPlace;
  readonly upTo: EventPlace;
}

/** Neighbouring blocks of one table. */
export interface EventTableBlocks {
  /** For errors. */
  readonly path: string;
  readonly blocks: readonly EventBlockInfo[];
  /** The bytes of all of them as they lie in the file. */
  readonly bytes: Uint8Array;
  /** What they hide of it is left out. */
  readonly tombstones: readonly Tombstone[];
}

export interface CompactEventsOutput {
  readonly blocks: readonly EncodedEventBlock[];
  /** Of streams merged by this job, ascending. */
  readonly seriesIds: Uint32Array;
}

/** Throws CorruptionError on damaged input. */
export function compactEvents(input: CompactEventsInput): CompactEventsOutput {
  const builder = createEventBlockBuilder(input.window);
  const cursors = input.tables.map((table) => new BlocksCursor(table, input));
  const ids: number[] = [];
  mergeEvents(cursors, (columns, position) => {
    builder.add(columns, position);
    if (ids.at(-1) !== columns.ids[position]) ids.push(columns.ids[position]!);
  });
  builder.finishBlock();
  return { blocks: builder.drain(), seriesIds: Uint32Array.from(ids) };
}

/** Goes through the events of one table in the slice; one block is open at a time. */
class BlocksCursor implements EventCursor {
  columns: EventBatch | undefined;
  position = 0;
  readonly #table: EventTableBlocks;
  readonly #upTo: EventPlace;
  readonly #isHidden: (place: EventPlace) => boolean;
  #block = -1;

  constructor(table: EventTableBlocks, { after, upTo }: CompactEventsInput) {
    this.#table = table;
    this.#upTo = upTo;
    this.#isHidden = createHiding(table.tombstones);
    this.#openNext();
    while (this.columns !== undefined && comparePlaces(this.#place, after) <= 0) this.#step();
    this.#skipHidden();
  }

  advance(): void {
    this.#step();
    this.#skipHidden();
  }

  #skipHidden(): void {
    while (this.columns !== undefined && this.#isHidden(this.#place)) this.#step();
  }

  #step(): void {
    this.position++;
    if (this.position === this.columns!.ids.length) this.#openNext();
    else this.#endBehindSlice();
  }

  get #place(): EventPlace {
    return {
      id: this.columns!.ids[this.position]!,
      ms: this.columns!.timestampsMs[this.position]!,
    };
  }

  #openNext(): void {
    const { blocks, bytes, path } = this.#table;
    const info = blocks[++this.#block];
    this.columns = undefined;
    if (info === undefined) return;
    const from = info.handle.offset - blocks[0]!.handle.offset;
    this.columns = openEventBlock(bytes.subarray(from, from + info.handle.size), info, path);
    this.position = 0;
    this.#endBehindSlice();
  }

  #endBehindSlice(): void {
    if (comparePlaces(this.#place, this.#upTo) > 0) this.columns = undefined;
  }
}
