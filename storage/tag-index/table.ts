// Reads one table of the tag index. Index and filter stay in memory; blocks come through the
// cache, and only there is anything awaited. Every block's checksum is verified when it is read.

import type { ReadableFile } from '../env/env.ts';
import { CorruptionError } from '../errors.ts';
import type { BlockCache } from '../sstable/block-cache.ts';
import { type BloomFilter, bloomMayContain, decodeBloom } from '../sstable/bloom.ts';
import type { BlockHandle } from '../sstable/format.ts';
import { decodeSection } from '../sstable/section.ts';
import { BlockCursor, type IndexRecord } from './block.ts';
import { decodeFooter, FOOTER_BYTES, type Footer } from './format.ts';
import { compareKeys, type KeyRange } from './keys.ts';
import { blockOf, decodeTableIndex, type TableIndex } from './table-index.ts';

/** A value at once, or after a read: lookups that need none never leave the call. */
export type Maybe<T> = T | Promise<T>;

/** Stands for a block that cannot be read. */
const NO_RECORDS = new Uint8Array(0);

interface CachedBytes {
  readonly bytes: Uint8Array;
  readonly sizeBytes: number;
}

export interface IndexTable {
  readonly path: string;
  readonly footer: Footer;
  readonly index: TableIndex;
  readonly filter: BloomFilter;
  /** Memory held by index and filter, bytes. */
  readonly memoryBytes: number;
  /** The first damaged block that was met: what lies in such blocks is passed over. */
  readonly damage: CorruptionError | undefined;
  /** False when no record has a key of this filter hash. */
  mayContain(hash: number): boolean;
  /** The first record with this key. */
  get(key: Uint8Array): Maybe<IndexRecord | undefined>;
  /** Calls `visit` on each record in the range, in order, until it returns false. */
  scan(range: KeyRange, visit: (cursor: BlockCursor) => boolean): Maybe<void>;
  /** Reads and checks one block, past the cache; throws CorruptionError, and remembers it. */
  readBlock(position: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * `fileId` is what the cache knows the file by: its number. `onDamage` is told of a damaged block
 * each time that it is read. Throws CorruptionError when footer, index or filter are damaged.
 */
export async function openIndexTable(
  file: ReadableFile,
  path: string,
  fileId: number,
  cache: BlockCache,
  onDamage: (error: CorruptionError) => void = () => undefined,
): Promise<IndexTable> {
  const footerOffset = Math.max(0, file.size - FOOTER_BYTES);
  const footerBytes = await file.read(footerOffset, FOOTER_BYTES);
  const footer = decodeFooter(footerBytes, path, file.size);
  const indexBlock = await readSection(footer.index);
  const filter = decodeBloom(await readSection(footer.filter), path, footer.filter.offset);
  const index = decodeTableIndex(indexBlock, path, footer.index.offset);

  async function readSection({ offset, size }: BlockHandle): Promise<Uint8Array> {
    return decodeSection(await file.read(offset, size), path, offset);
  }

  let damage: CorruptionError | undefined;
  async function readBlock(position: number): Promise<Uint8Array> {
    try {
      return await readSection(index.handles[position]!);
    } catch (error) {
      if (error instanceof CorruptionError) damage ??= error;
      throw error;
    }
  }

  /** A damaged block costs its records, and nothing else. */
  async function readOrPass(position: number): Promise<Uint8Array> {
    try {
      return await readBlock(position);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      onDamage(error);
      return NO_RECORDS;
    }
  }

  function blockAt(position: number): Maybe<CachedBytes> {
    return cache.get(fileId, position, async () => {
      const bytes = await readOrPass(position);
      return { bytes, sizeBytes: bytes.length };
    });
  }

  function scanFrom(
    position: number,
    range: KeyRange,
    visit: (cursor: BlockCursor) => boolean,
  ): Maybe<void> {
    for (let at = position; at < index.handles.length; at++) {
      if (compareKeys(index.separators[at]!, range.to) >= 0) return undefined;
      const block = blockAt(at);
      if (block instanceof Promise) {
        return block.then((read) =>
          visitBlock(read.bytes, range, visit) ? scanFrom(at + 1, range, visit) : undefined,
        );
      }
      if (!visitBlock(block.bytes, range, visit)) return undefined;
    }
    return undefined;
  }

  return {
    path,
    footer,
    index,
    filter,
    get damage() {
      return damage;
    },
    memoryBytes: indexBlock.length + filter.bits.length,
    mayContain: (hash) => bloomMayContain(filter, hash),
    get(key) {
      if (compareKeys(key, index.firstKey) < 0) return undefined;
      if (compareKeys(key, index.lastKey) > 0) return undefined;
      const block = blockAt(blockOf(index, key));
      return block instanceof Promise
        ? block.then((read) => recordAt(read.bytes, key))
        : recordAt(block.bytes, key);
    },
    scan: (range, visit) => scanFrom(blockOf(index, range.from), range, visit),
    readBlock,
    close: () => file.close(),
  };
}

/** Point lookups are over before anything else runs, so they share a cursor. */
const lookup = new BlockCursor();

function recordAt(block: Uint8Array, key: Uint8Array): IndexRecord | undefined {
  if (block === NO_RECORDS) return undefined;
  lookup.open(block);
  const found = lookup.seek(key) && compareKeys(lookup.key, key, lookup.keyLength) === 0;
  return found ? lookup.record() : undefined;
}

/** Whether the scan goes on in the next block. */
function visitBlock(
  block: Uint8Array,
  range: KeyRange,
  visit: (cursor: BlockCursor) => boolean,
): boolean {
  if (block === NO_RECORDS) return true;
  const cursor = new BlockCursor();
  cursor.open(block);
  for (let more = cursor.seek(range.from); more; more = cursor.next()) {
    if (compareKeys(cursor.key, range.to, cursor.keyLength) >= 0) return false;
    if (!visit(cursor)) return false;
  }
  return true;
}

/** Every record of a whole table in memory, in order. Throws CorruptionError. */
export function* readIndexTable(bytes: Uint8Array, path: string): IterableIterator<IndexRecord> {
  const footerBytes = bytes.subarray(Math.max(0, bytes.length - FOOTER_BYTES));
  const footer = decodeFooter(footerBytes, path, bytes.length);
  const open = ({ offset, size }: BlockHandle) =>
    decodeSection(bytes.subarray(offset, offset + size), path, offset);
  const index = decodeTableIndex(open(footer.index), path, footer.index.offset);
  const cursor = new BlockCursor();
  for (const handle of index.handles) {
    cursor.open(open(handle));
    while (cursor.next()) yield cursor.record();
  }
}
