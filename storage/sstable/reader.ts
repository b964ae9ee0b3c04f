// Reads an SSTable: footer, filter and block index when it is opened, blocks and the set of series
// when they are asked for. Every read is checked; it never returns what was not written.

import type { ReadableFile } from '../env/env.ts';
import { CorruptionError } from '../errors.ts';
import type { SeriesId } from '../series/labels.ts';
import { type Block, openBlock } from './block.ts';
import { type BlockInfo, blocksFor, decodeBlockIndex } from './block-index.ts';
import { type BloomFilter, bloomMayContain, decodeBloom } from './bloom.ts';
import { decodeFooter, FOOTER_BYTES, type Footer } from './footer.ts';
import {
  type BlockHandle,
  MAGIC_BYTES,
  TABLE_MAGICS,
  type TableKind,
  type TableSummary,
} from './format.ts';
import { decodeSection } from './section.ts';
import { decodeSeriesSet } from './series-set.ts';

export interface Table<Info extends BlockInfo = BlockInfo> {
  readonly kind: TableKind;
  readonly path: string;
  readonly summary: TableSummary;
  readonly footer: Footer;
  readonly bloom: BloomFilter;
  readonly blocks: readonly Info[];
  /** Memory of filter and index. */
  readonly sizeBytes: number;
  /** False when the series is not in the table for sure. */
  mayContain(id: SeriesId): boolean;
  /** Indexes of the blocks that can hold points of `ids` (ascending) with startMs <= t < endMs. */
  blocksFor(ids: Uint32Array, startMs: number, endMs: number): number[];
  /** Reads, checks and decompresses one block; of events, their times. */
  readBlock(block: number): Promise<Block>;
  /** A part of the file as it lies there, unchecked. */
  readBytes(handle: BlockHandle): Promise<Uint8Array>;
  /** The bytes of blocks [from, to) as they lie in the file, unchecked; see openTableBlock. */
  readBlockBytes(from: number, to: number): Promise<Uint8Array>;
  /** The exact ids in the table, ascending. Read from the file at each call. */
  seriesIds(): Promise<Uint32Array>;
  close(): Promise<void>;
}

/** Index and filter of most tables lie within so much of the end: one read opens them. */
const TAIL_BYTES = 32 << 10;

/** How the tables of a kind differ. */
export interface TableFormat<Info extends BlockInfo> {
  readonly kind: TableKind;
  decodeIndex(content: Uint8Array, path: string, offset: number): Info[];
  /** Of a block, the part that has its points. */
  pointsHandle(info: Info): BlockHandle;
}

const POINTS_FORMAT: TableFormat<BlockInfo> = {
  kind: 'points',
  decodeIndex: decodeBlockIndex,
  pointsHandle: ({ handle }) => handle,
};

/** Opens the table in `file`, which is closed with it. `path` is for error messages. */
export function openTable(file: ReadableFile, path: string): Promise<Table> {
  return openTableOf(POINTS_FORMAT, file, path);
}

/** The same for a table of any kind. */
export async function openTableOf<Info extends BlockInfo>(
  format: TableFormat<Info>,
  file: ReadableFile,
  path: string,
): Promise<Table<Info>> {
  const { kind } = format;
  const tail = await readTail(file, path);
  const footer = decodeFooter(tail.bytes.subarray(-FOOTER_BYTES), kind, path, file.size);
  checkTiling(footer, path, file.size);
  checkMagic(await readHandle(file, path, { offset: 0, size: MAGIC_BYTES }, tail), kind, path);
  const bloomContent = await readSection(file, path, footer.bloom, tail);
  const bloom = decodeBloom(bloomContent, path, footer.bloom.offset);
  const indexContent = await readSection(file, path, footer.index, tail);
  const blocks = format.decodeIndex(indexContent, path, footer.index.offset);
  checkBlocks(blocks, footer, path);

  return {
    kind,
    path,
    summary: footer.summary,
    footer,
    bloom,
    blocks,
    sizeBytes: bloom.bits.length + blocks.length * BLOCK_INFO_BYTES,
    mayContain: (id) => bloomMayContain(bloom, id),
    blocksFor: (ids, startMs, endMs) => blocksFor(blocks, ids, startMs, endMs),
    async readBlock(index) {
      const info = blocks[index]!;
      const handle = format.pointsHandle(info);
      return openTableBlock(await readHandle(file, path, handle), info, path);
    },
    readBytes: (handle) => readHandle(file, path, handle),
    readBlockBytes(from, to) {
      const { offset } = blocks[from]!.handle;
      const last = blocks[to - 1]!.handle;
      return readHandle(file, path, { offset, size: last.offset + last.size - offset });
    },
    async seriesIds() {
      const content = await readSection(file, path, footer.seriesIds);
      return decodeSeriesSet(content, path, footer.seriesIds.offset);
    },
    close: () => file.close(),
  };
}

/** Memory of one BlockInfo with its handle, about. */
const BLOCK_INFO_BYTES = 128;

interface Tail {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

async function readTail(file: ReadableFile, path: string): Promise<Tail> {
  const size = Math.min(file.size, TAIL_BYTES);
  const handle = { offset: file.size - size, size };
  return { bytes: await readHandle(file, path, handle), offset: handle.offset };
}

/** The bytes at `handle`, from `tail` when they are in it. */
async function readHandle(
  file: ReadableFile,
  path: string,
  handle: BlockHandle,
  tail?: Tail,
): Promise<Uint8Array> {
  const { offset, size } = handle;
  if (tail !== undefined && offset >= tail.offset) {
    return tail.bytes.subarray(offset - tail.offset, offset - tail.offset + size);
  }
  const bytes = await file.read(offset, size);
  if (bytes.length < size) {
    throw new CorruptionError(path, offset, `expected ${size} B, found ${bytes.length} B`);
  }
  return bytes;
}

async function readSection(
  file: ReadableFile,
  path: string,
  handle: BlockHandle,
  tail?: Tail,
): Promise<Uint8Array> {
  return decodeSection(await readHandle(file, path, handle, tail), path, handle.offset);
}

/** The parts follow each other up to the footer: no byte of the file is left unchecked. */
function checkTiling(footer: Footer, path: string, sizeBytes: number): void {
  const { seriesIds, bloom, index } = footer;
  const tiles =
    seriesIds.offset >= MAGIC_BYTES &&
    seriesIds.offset + seriesIds.size === bloom.offset &&
    bloom.offset + bloom.size === index.offset &&
    index.offset + index.size === sizeBytes - FOOTER_BYTES;
  if (!tiles) throw new CorruptionError(path, sizeBytes - FOOTER_BYTES, 'parts leave a gap');
}

function checkBlocks(blocks: readonly BlockInfo[], footer: Footer, path: string): void {
  const last = blocks.at(-1);
  const end = last === undefined ? MAGIC_BYTES : last.handle.offset + last.handle.size;
  const points = blocks.reduce((sum, block) => sum + block.pointCount, 0);
  if (end !== footer.seriesIds.offset || points !== footer.summary.pointCount) {
    throw new CorruptionError(path, footer.index.offset, 'the block index and the footer differ');
  }
}

function checkMagic(found: Uint8Array, kind: TableKind, path: string): void {
  if (found.some((byte, i) => byte !== TABLE_MAGICS[kind][i])) {
    throw new CorruptionError(path, 0, 'expected the beginning of a table, found something else');
  }
}

/** Checks and decompresses the block whose index entry is `info`. */
export function openTableBlock(bytes: Uint8Array, info: BlockInfo, path: string): Block {
  const block = openBlock(bytes, path, info.handle.offset);
  checkBlock(block, info, path);
  return block;
}

/** A block that is whole but lies in the wrong place is no better than a damaged one. */
function checkBlock(block: Block, info: BlockInfo, path: string): void {
  const isIndexed =
    block.pointCount === info.pointCount &&
    block.ids[0] === info.firstSeries &&
    block.ids.at(-1) === info.lastSeries;
  if (!isIndexed) {
    throw new CorruptionError(path, info.handle.offset, 'a block and its index entry differ');
  }
}
