// Sorted records -> index tables, as bytes: blocks, filter, index, footer.

import { assert } from '../assert.ts';
import type { IndexTableMeta } from '../manifest/edit.ts';
import {
  addToBloom,
  createBloomFilter,
  encodeBloom,
  falsePositiveRateOf,
} from '../sstable/bloom.ts';
import type { BlockHandle } from '../sstable/format.ts';
import { encodeSection } from '../sstable/section.ts';
import { BlockBuilder, type IndexRecord, sharedLength } from './block.ts';
import { encodeFooter } from './format.ts';
import { compareKeys, filterHash, ID_KEYS, idOfKey } from './keys.ts';
import { encodeTableIndex } from './table-index.ts';

/** Bytes of a block before compression: 4 KiB to 16 KiB read alike, and larger ones pack better. */
const BLOCK_BYTES = 16_384;
export interface IndexTableOptions {
  /** Size from which on a table is finished. */
  readonly targetBytes: number;
  /** Bits of filter for each label set and label pair. */
  readonly bloomBitsPerKey: number;
}

/** A table without the things that its owner decides. */
export interface BuiltIndexTable {
  readonly bytes: Uint8Array;
  readonly meta: Pick<IndexTableMeta, 'sizeBytes' | 'entryCount' | 'firstKey' | 'lastKey'>;
}

/**
 * Tables of about `targetBytes` each, with disjoint key ranges. `records` are sorted by key and
 * kind; all records of one key end up in one table. None for no records.
 */
export function buildIndexTables(
  records: Iterable<IndexRecord>,
  { targetBytes, bloomBitsPerKey }: IndexTableOptions,
): BuiltIndexTable[] {
  const tables: BuiltIndexTable[] = [];
  let builder = new IndexTableBuilder(bloomBitsPerKey);
  for (const record of records) {
    if (builder.sizeBytes >= targetBytes && builder.isAbove(record.key)) {
      tables.push(builder.finish());
      builder = new IndexTableBuilder(bloomBitsPerKey);
    }
    builder.add(record);
  }
  if (builder.sizeBytes > 0) tables.push(builder.finish());
  return tables;
}

class IndexTableBuilder {
  readonly #bloomBitsPerKey: number;
  readonly #block = new BlockBuilder();
  readonly #parts: Uint8Array[] = [];
  readonly #separators: Uint8Array[] = [];
  readonly #handles: BlockHandle[] = [];
  readonly #hashes: number[] = [];
  #offset = 0;
  #entryCount = 0;
  #firstId = 0;
  #lastId = 0;
  #firstKey: Uint8Array | undefined;
  #lastKey: Uint8Array = new Uint8Array(0);

  constructor(bloomBitsPerKey: number) {
    this.#bloomBitsPerKey = bloomBitsPerKey;
  }

  get sizeBytes(): number {
    return this.#offset + this.#block.size;
  }

  isAbove(key: Uint8Array): boolean {
    return compareKeys(this.#lastKey, key) < 0;
  }

  add(record: IndexRecord): void {
    const { key } = record;
    const order = this.#firstKey === undefined ? -1 : compareKeys(this.#lastKey, key);
    assert(order <= 0, 'records come in key order');
    // Records of one key stay in one block: a lookup reads no second one.
    if (this.#block.size >= BLOCK_BYTES && order < 0) this.#finishBlock();
    if (this.#block.isEmpty) this.#separators.push(separatorOf(this.#lastKey, key));
    this.#block.add(record);
    this.#firstKey ??= key;
    this.#lastKey = key;
    this.#entryCount++;
    const hash = order < 0 ? filterHash(key) : undefined;
    // The containers of one pair follow each other and have one hash.
    if (hash !== undefined && hash !== this.#hashes.at(-1)) this.#hashes.push(hash);
    if (key[0] === ID_KEYS) {
      this.#lastId = idOfKey(key);
      if (this.#firstId === 0) this.#firstId = this.#lastId;
    }
  }

  finish(): BuiltIndexTable {
    const firstKey = this.#firstKey;
    assert(firstKey !== undefined, 'a table has a record');
    this.#finishBlock();
    const bloom = createBloomFilter(
      this.#hashes.length,
      falsePositiveRateOf(this.#bloomBitsPerKey),
    );
    for (const hash of this.#hashes) addToBloom(bloom, hash);
    const filter = this.#append(encodeSection(encodeBloom(bloom)));
    const description = {
      entryCount: this.#entryCount,
      firstId: this.#firstId,
      lastId: this.#lastId,
      firstKey,
      lastKey: this.#lastKey,
      separators: this.#separators,
      handles: this.#handles,
    };
    const index = this.#append(encodeSection(encodeTableIndex(description)));
    this.#append(encodeFooter({ index, filter }));
    const bytes = new Uint8Array(this.#offset);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    const { entryCount, lastKey } = description;
    return { bytes, meta: { sizeBytes: bytes.length, entryCount, firstKey, lastKey } };
  }

  #finishBlock(): void {
    this.#handles.push(this.#append(encodeSection(this.#block.finish())));
  }

  #append(part: Uint8Array): BlockHandle {
    const handle = { offset: this.#offset, size: part.length };
    this.#parts.push(part);
    this.#offset += part.length;
    return handle;
  }
}

function separatorOf(before: Uint8Array, key: Uint8Array): Uint8Array {
  return key.subarray(0, Math.min(key.length, sharedLength(before, key) + 1));
}
