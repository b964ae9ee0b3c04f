// The job that turns a sealed memory into one table of level 0. Pure: plain data in, bytes out.

import { ByteReader } from '../coding/byte-reader.ts';
import { hashBytes } from '../coding/hash.ts';
import { compareLabelBytes, LabelTable, labelBytesAt } from '../series/label-table.ts';
import type { SeriesId } from '../series/labels.ts';
import type { IndexRecord } from './block.ts';
import { CONTAINER_BITS, CONTAINER_IDS } from './container.ts';
import { DELETE, PUT, type RecordKind } from './format.ts';
import { compareKeys, idKeyOf, labelsKeyOf, pairKeyOf, postingsKeyOf } from './keys.ts';
import { type IndexMemoryData, NO_WORD } from './memory.ts';
import { postingsRecordsOf } from './merge.ts';
import { gallop, type Postings, union } from './postings.ts';
import { type BuiltIndexTable, buildIndexTables } from './table-builder.ts';

const NO_BYTES = new Uint8Array(0);

export interface IndexFlushInput {
  readonly data: IndexMemoryData;
  readonly bloomBitsPerKey: number;
}

/** Undefined when there is nothing to flush. */
export function flushIndexMemory(input: IndexFlushInput): BuiltIndexTable | undefined {
  const { data, bloomBitsPerKey } = input;
  // One table however large: level 0 is counted, and its tables overlap anyway.
  const targetBytes = Number.POSITIVE_INFINITY;
  const tables = buildIndexTables(recordsOf(data), { targetBytes, bloomBitsPerKey });
  return tables[0];
}

function* recordsOf(data: IndexMemoryData): IterableIterator<IndexRecord> {
  yield* labelsRecords(data);
  yield* idRecords(data);
  yield* postingsRecords(data);
}

function* labelsRecords({ labels, slotIds }: IndexMemoryData): IterableIterator<IndexRecord> {
  const order = Uint32Array.from(slotIds.keys());
  order.sort((a, b) => compareLabelBytes(labels, a, b));
  for (const slot of order) {
    const id = slotIds[slot]!;
    if (id === NO_WORD) continue;
    const key = labelsKeyOf(labelBytesAt(labels, slot));
    yield { key, kind: id === 0 ? DELETE : PUT, value: id === 0 ? NO_BYTES : u32(id) };
  }
}

function* idRecords(data: IndexMemoryData): IterableIterator<IndexRecord> {
  const { labels, ids, slots, forgottenIds } = data;
  const gone = new Set(forgottenIds);
  let at = 0;
  for (const id of union([ids, forgottenIds])) {
    while (ids[at]! < id) at++;
    const key = idKeyOf(id);
    if (gone.has(id)) yield { key, kind: DELETE, value: NO_BYTES };
    else yield { key, kind: PUT, value: labelBytesAt(labels, slots[at]!) };
  }
}

function* postingsRecords(data: IndexMemoryData): IterableIterator<IndexRecord> {
  const { labels, ids, slots, forgottenIds, forgottenSlots } = data;
  const changes = new PairChanges();
  const gone = new Set(forgottenIds);
  for (const [i, id] of ids.entries()) {
    if (!gone.has(id)) changes.addSeries(labelBytesAt(labels, slots[i]!), id, PUT);
  }
  for (const [i, id] of forgottenIds.entries()) {
    changes.addSeries(labelBytesAt(labels, forgottenSlots[i]!), id, DELETE);
  }
  for (const { key, put, deleted } of changes.sorted()) yield* pairRecords(key, put, deleted);
}

/** Which ids come into the postings of each pair, and which leave them. */
class PairChanges {
  /** Label bytes of a pair, of a name without its value, and none at all for every series. */
  readonly #pairs = new LabelTable();
  /** By slot of #pairs and kind of record. */
  readonly #ids: [deleted: number[], put: number[]][] = [];

  /** Notes `id` under each of its pairs, under each of its names, and under everything. */
  addSeries(labelBytes: Uint8Array, id: SeriesId, kind: RecordKind): void {
    const reader = new ByteReader(labelBytes, 'memory');
    this.#note(labelBytes, 0, 0, id, kind);
    while (reader.remaining > 0) {
      const start = reader.offset;
      reader.prefixedBytes();
      this.#note(labelBytes, start, reader.offset, id, kind);
      reader.prefixedBytes();
      this.#note(labelBytes, start, reader.offset, id, kind);
    }
  }

  /** In the order of their keys. */
  sorted(): { key: Uint8Array; put: Postings; deleted: Postings }[] {
    return this.#ids
      .map(([deleted, put], slot) => ({
        key: this.#keyOf(slot),
        put: Uint32Array.from(put),
        deleted: Uint32Array.from(deleted),
      }))
      .sort((a, b) => compareKeys(a.key, b.key));
  }

  #note(bytes: Uint8Array, from: number, to: number, id: SeriesId, kind: RecordKind): void {
    const hash = hashBytes(bytes, from, to);
    let slot = this.#pairs.find(bytes, from, to, hash);
    if (slot === -1) {
      slot = this.#pairs.insert(bytes, from, to, hash);
      this.#ids.push([[], []]);
    }
    this.#ids[slot]![kind].push(id);
  }

  #keyOf(slot: number): Uint8Array {
    const reader = new ByteReader(this.#pairs.bytesOf(slot), 'memory');
    const name = reader.remaining > 0 ? reader.prefixedBytes() : NO_BYTES;
    const value = reader.remaining > 0 ? reader.prefixedBytes() : NO_BYTES;
    return pairKeyOf(name, value);
  }
}

/** The records of one pair, container by container. */
function* pairRecords(
  pairKey: Uint8Array,
  put: Postings,
  deleted: Postings,
): IterableIterator<IndexRecord> {
  let putAt = 0;
  let deletedAt = 0;
  while (putAt < put.length || deletedAt < deleted.length) {
    const number = Math.min(containerAt(put, putAt), containerAt(deleted, deletedAt));
    const end = (number + 1) * CONTAINER_IDS;
    const putEnd = gallop(put, putAt, end);
    const deletedEnd = gallop(deleted, deletedAt, end);
    const come = put.subarray(putAt, putEnd);
    const go = deleted.subarray(deletedAt, deletedEnd);
    yield* postingsRecordsOf(postingsKeyOf(pairKey, number), come, go);
    putAt = putEnd;
    deletedAt = deletedEnd;
  }
}

/** The number of the container that the id at `at` is in; no number is above that of the end. */
function containerAt(ids: Postings, at: number): number {
  return at < ids.length ? ids[at]! >>> CONTAINER_BITS : Number.POSITIVE_INFINITY;
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
}
