// The job that turns a sealed memory into one table of level 0. Pure: plain data in, bytes out.

import { ByteReader } from '../coding/byte-reader.ts';
import { bytesInSlot, compareSlots } from '../coding/byte-table.ts';
import { IdSet } from '../series/id-set.ts';
import { labelBytesOf, wordsOf } from '../series/label-sets.ts';
import type { SeriesId } from '../series/labels.ts';
import type { IndexRecord } from './block.ts';
import { CONTAINER_BITS, CONTAINER_IDS } from './container.ts';
import { DELETE, PUT } from './format.ts';
import { compareKeys, idKeyOf, labelsKeyOf, pairKeyOf, postingsKeyOf } from './keys.ts';
import { type IndexMemoryData, NO_WORD } from './memory.ts';
import { postingsRecordsOf } from './merge.ts';
import { readPostings } from './posting-lists.ts';
import { difference, gallop, NO_POSTINGS, type Postings, union } from './postings.ts';
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

function* labelsRecords(data: IndexMemoryData): IterableIterator<IndexRecord> {
  const { sets, slotIds } = data;
  for (const slot of slotsInOrder(data)) {
    const id = slotIds[slot]!;
    if (id === NO_WORD) continue;
    const key = labelsKeyOf(labelBytesOf(sets, slot));
    yield { key, kind: id === 0 ? DELETE : PUT, value: id === 0 ? NO_BYTES : u32(id) };
  }
}

/**
 * Slots by the bytes of their label sets. No label's bytes begin with all of another's, so the sets
 * are in the order of their labels, one after the other.
 */
function slotsInOrder({ sets, slotIds, labelNames }: IndexMemoryData): Uint32Array {
  const { labels, words, starts } = sets;
  const ranks = new Uint32Array(labelNames.length);
  const inOrder = upTo(labelNames.length).sort((a, b) => compareSlots(labels, a, b));
  for (let rank = 0; rank < ranks.length; rank++) ranks[inOrder[rank]!] = rank;
  return upTo(slotIds.length).sort((a, b) => {
    const endA = starts[a + 1]!;
    const endB = starts[b + 1]!;
    let atA = starts[a]!;
    let atB = starts[b]!;
    for (; atA < endA && atB < endB; atA++, atB++) {
      const order = ranks[words[atA]!]! - ranks[words[atB]!]!;
      if (order !== 0) return order;
    }
    return endA - atA - (endB - atB);
  });
}

function upTo(count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}

function* idRecords(data: IndexMemoryData): IterableIterator<IndexRecord> {
  const { sets, ids, slots, forgottenIds } = data;
  const gone = new IdSet(forgottenIds);
  let at = 0;
  for (const id of union([ids, forgottenIds])) {
    while (ids[at]! < id) at++;
    const key = idKeyOf(id);
    if (gone.has(id)) yield { key, kind: DELETE, value: NO_BYTES };
    else yield { key, kind: PUT, value: labelBytesOf(sets, slots[at]!) };
  }
}

function* postingsRecords(data: IndexMemoryData): IterableIterator<IndexRecord> {
  const { sets, ids, labelNames, postings, names, nameCount, namePostings, forgottenIds } = data;
  const left = (put: Postings) => difference(put, forgottenIds);
  const deleted = deletedBy(data);
  yield* pairRecords(pairKeyOf(NO_BYTES, NO_BYTES), left(ids), forgottenIds);
  const labelsOfName = Array.from({ length: nameCount }, (): number[] => []);
  for (const [label, name] of labelNames.entries()) labelsOfName[name]!.push(label);
  const ofNames = labelsOfName.map((labels, name) => {
    const text = new ByteReader(bytesInSlot(names, name), 'memory').prefixedBytes();
    return { key: pairKeyOf(text, NO_BYTES), name, text, labels };
  });
  for (const { key, name, text, labels } of ofNames.sort(byKey)) {
    const goneOfName = deleted.names.get(name) ?? NO_POSTINGS;
    yield* pairRecords(key, left(readPostings(namePostings, name)), goneOfName);
    const pairs = labels.map((label) => ({
      key: pairKeyOf(text, valueIn(bytesInSlot(sets.labels, label))),
      label,
    }));
    for (const { key: pairKey, label } of pairs.sort(byKey)) {
      const gone = deleted.labels.get(label) ?? NO_POSTINGS;
      yield* pairRecords(pairKey, left(readPostings(postings, label)), gone);
    }
  }
}

function byKey(a: { readonly key: Uint8Array }, b: { readonly key: Uint8Array }): number {
  return compareKeys(a.key, b.key);
}

function valueIn(labelBytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(labelBytes, 'memory');
  reader.prefixedBytes();
  return reader.prefixedBytes();
}

/** Forgotten series by each label and each name that they had. */
function deletedBy({ sets, labelNames, forgottenIds, forgottenSlots }: IndexMemoryData) {
  const labels = new Map<number, number[]>();
  const names = new Map<number, number[]>();
  for (const [i, id] of forgottenIds.entries()) {
    for (const label of wordsOf(sets, forgottenSlots[i]!)) {
      note(labels, label, id);
      note(names, labelNames[label]!, id);
    }
  }
  return { labels: toPostings(labels), names: toPostings(names) };
}

function note(lists: Map<number, number[]>, key: number, id: SeriesId): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [id]);
  else list.push(id);
}

function toPostings(lists: ReadonlyMap<number, number[]>): ReadonlyMap<number, Postings> {
  return new Map(Array.from(lists, ([key, ids]) => [key, Uint32Array.from(ids)]));
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
