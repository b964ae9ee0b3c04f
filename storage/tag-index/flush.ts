// The job that turns a sealed memory into one table of level 0. Pure: plain data in, bytes out.

import { ByteReader } from '../coding/byte-reader.ts';
import { labelBytesAt } from '../series/label-table.ts';
import type { IndexRecord } from './block.ts';
import { CONTAINER_BITS, CONTAINER_IDS } from './container.ts';
import { DELETE, PUT, type RecordKind } from './format.ts';
import { compareKeys, idKeyOf, labelsKeyOf, pairKeyOf, postingsKeyOf } from './keys.ts';
import type { IndexMemoryData } from './memory.ts';
import { postingsRecordsOf } from './merge.ts';
import { gallop, type Postings } from './postings.ts';
import { type BuiltIndexTable, buildIndexTables } from './table-builder.ts';

const NO_BYTES = new Uint8Array(0);

/** Undefined when there is nothing to flush. */
export function flushIndexMemory(data: IndexMemoryData): BuiltIndexTable | undefined {
  // One table however large: level 0 is counted, and its tables overlap anyway.
  const tables = buildIndexTables(recordsOf(data), Number.POSITIVE_INFINITY);
  return tables[0];
}

function* recordsOf(data: IndexMemoryData): IterableIterator<IndexRecord> {
  yield* labelsRecords(data);
  yield* idRecords(data);
  yield* postingsRecords(data);
}

function* labelsRecords({ labels, slotIds }: IndexMemoryData): IterableIterator<IndexRecord> {
  const keys = Array.from(slotIds, (_, slot) => labelsKeyOf(labelBytesAt(labels, slot)));
  const order = Uint32Array.from(slotIds.keys());
  order.sort((a, b) => compareKeys(keys[a]!, keys[b]!));
  for (const slot of order) {
    const id = slotIds[slot]!;
    yield { key: keys[slot]!, kind: id === 0 ? DELETE : PUT, value: id === 0 ? NO_BYTES : u32(id) };
  }
}

function* idRecords(data: IndexMemoryData): IterableIterator<IndexRecord> {
  const { labels, ids, slots, forgottenIds } = data;
  let at = 0;
  for (const forgotten of [...forgottenIds, Number.POSITIVE_INFINITY]) {
    for (; at < ids.length && ids[at]! <= forgotten; at++) {
      if (ids[at] === forgotten) continue;
      yield { key: idKeyOf(ids[at]!), kind: PUT, value: labelBytesAt(labels, slots[at]!) };
    }
    if (forgotten !== Number.POSITIVE_INFINITY) {
      yield { key: idKeyOf(forgotten), kind: DELETE, value: NO_BYTES };
    }
  }
}

/** Ids to add to and to take from the postings of one pair. */
interface PairChange {
  readonly key: Uint8Array;
  readonly ids: [deleted: number[], put: number[]];
}

function* postingsRecords(data: IndexMemoryData): IterableIterator<IndexRecord> {
  const changes = new Map<string, PairChange>();
  const { labels, ids, slots, forgottenIds, forgottenSlots } = data;
  const gone = new Set(forgottenIds);
  for (const [i, id] of ids.entries()) {
    if (!gone.has(id)) collectPairs(changes, labelBytesAt(labels, slots[i]!), id, PUT);
  }
  for (const [i, id] of forgottenIds.entries()) {
    collectPairs(changes, labelBytesAt(labels, forgottenSlots[i]!), id, DELETE);
  }
  const sorted = [...changes.values()].sort((a, b) => compareKeys(a.key, b.key));
  for (const { key, ids: change } of sorted) {
    const [deleted, put] = change.map((list) => Uint32Array.from(list));
    yield* pairRecords(key, put!, deleted!);
  }
}

/** Notes `id` under each of its pairs, under each of its names, and under everything. */
function collectPairs(
  changes: Map<string, PairChange>,
  labelBytes: Uint8Array,
  id: number,
  kind: RecordKind,
): void {
  const reader = new ByteReader(labelBytes, 'memory');
  note(changes, '', NO_BYTES, NO_BYTES, id, kind);
  while (reader.remaining > 0) {
    const start = reader.offset;
    const name = reader.prefixedBytes();
    const nameEnd = reader.offset;
    const value = reader.prefixedBytes();
    const text = latin1(labelBytes, start, reader.offset);
    note(changes, text.slice(0, nameEnd - start), name, NO_BYTES, id, kind);
    note(changes, text, name, value, id, kind);
  }
}

/** `pair` tells apart what `name` and `value` do. */
function note(
  changes: Map<string, PairChange>,
  pair: string,
  name: Uint8Array,
  value: Uint8Array,
  id: number,
  kind: RecordKind,
): void {
  let change = changes.get(pair);
  if (change === undefined) {
    change = { key: pairKeyOf(name, value), ids: [[], []] };
    changes.set(pair, change);
  }
  change.ids[kind].push(id);
}

/** The records of one pair, container by container. */
function* pairRecords(
  pairKey: Uint8Array,
  put: Postings,
  deleted: Postings,
): IterableIterator<IndexRecord> {
  const numbers = new Set<number>();
  for (const ids of [put, deleted]) for (const id of ids) numbers.add(id >>> CONTAINER_BITS);
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const key = postingsKeyOf(pairKey, number);
    yield* postingsRecordsOf(key, containerOf(put, number), containerOf(deleted, number));
  }
}

/** The ids whose container is `number`. */
function containerOf(ids: Postings, number: number): Postings {
  const from = gallop(ids, 0, number * CONTAINER_IDS);
  return ids.subarray(from, gallop(ids, from, (number + 1) * CONTAINER_IDS));
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
