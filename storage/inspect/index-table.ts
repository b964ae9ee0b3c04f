// A table of the tag index: its keys by kind. All of it is read; such tables are small.

import type { FileSystem } from '../env/env.ts';
import { CorruptionError } from '../errors.ts';
import type { IndexTableMeta } from '../manifest/edit.ts';
import { decodeLabels } from '../series/labels-codec.ts';
import { createBlockCache } from '../sstable/block-cache.ts';
import { BlockCursor } from '../tag-index/block.ts';
import { DELETE, FOOTER_BYTES } from '../tag-index/format.ts';
import {
  compareKeys,
  containerOfKey,
  filterHash,
  ID_KEYS,
  idOfKey,
  LABELS_KEYS,
  nameOfKey,
  valueOfKey,
} from '../tag-index/keys.ts';
import { type IndexTable, openIndexTable } from '../tag-index/table.ts';
import { damage, damageOf, fact, type InspectLines } from './line.ts';
import { bytes, count, number, span } from './words.ts';

export interface IndexTableInspection {
  readonly fs: FileSystem;
  readonly path: string;
  /** What the manifest says that is in it. */
  readonly expected?: Pick<IndexTableMeta, 'entryCount' | 'firstKey' | 'lastKey'>;
}

/** What the records read so far add up to. */
interface Totals {
  labels: number;
  ids: number;
  postings: number;
  tombstones: number;
  lastKey: Uint8Array;
}

export async function* inspectIndexTable({
  fs,
  path,
  expected,
}: IndexTableInspection): InspectLines {
  const file = await fs.open(path);
  try {
    const table = await openIndexTable(file, path, 0, createBlockCache(0));
    yield* summaryLines(table, file.size);
    yield* tilingLines(table, file.size);
    if (expected !== undefined) yield* differenceLines(table, expected);
    yield* recordLines(table);
  } finally {
    await file.close();
  }
}

async function* summaryLines(
  { path, index, filter, footer }: IndexTable,
  sizeBytes: number,
): InspectLines {
  const { entryCount, handles } = index;
  yield fact(`${path}: tag index table, ${bytes(sizeBytes)}`);
  yield fact(`${count(entryCount, 'record')} in ${count(handles.length, 'block')}`);
  yield fact(`first key: ${keyText(index.firstKey)}`);
  yield fact(`last key: ${keyText(index.lastKey)}`);
  yield fact(`series ids: ${span(index.firstId, index.lastId)}`);
  yield fact(
    `bloom filter: ${bytes(footer.filter.size)}, ${number(filter.bits.length * 8)} bits, ` +
      count(filter.probes, 'probe'),
  );
  yield fact(`block index: ${bytes(footer.index.size)}`);
}

/** Blocks, filter, index and footer leave no gap. */
async function* tilingLines({ path, index, footer }: IndexTable, sizeBytes: number): InspectLines {
  const last = index.handles.at(-1);
  const tiles =
    footer.filter.offset === (last === undefined ? 0 : last.offset + last.size) &&
    footer.index.offset === footer.filter.offset + footer.filter.size &&
    sizeBytes === footer.index.offset + footer.index.size + FOOTER_BYTES;
  if (!tiles) yield damage(path, sizeBytes - FOOTER_BYTES, 'parts leave a gap');
}

async function* differenceLines(
  { path, index, footer }: IndexTable,
  expected: NonNullable<IndexTableInspection['expected']>,
): InspectLines {
  const isExpected =
    index.entryCount === expected.entryCount &&
    compareKeys(index.firstKey, expected.firstKey) === 0 &&
    compareKeys(index.lastKey, expected.lastKey) === 0;
  if (!isExpected) yield damage(path, footer.index.offset, 'expected what the manifest says');
}

async function* recordLines(table: IndexTable): InspectLines {
  const { path, index, footer } = table;
  const totals: Totals = {
    labels: 0,
    ids: 0,
    postings: 0,
    tombstones: 0,
    lastKey: new Uint8Array(0),
  };
  let damaged = false;
  for (const [position, { offset }] of index.handles.entries()) {
    try {
      addRecords(totals, await table.readBlock(position), table, offset);
    } catch (error) {
      yield damageOf(error);
      damaged = true;
    }
  }
  yield fact(`records from labels to series: ${number(totals.labels)}`);
  yield fact(`records from series to labels: ${number(totals.ids)}`);
  yield fact(`records from a label to series: ${number(totals.postings)}`);
  yield fact(`tombstones among them: ${number(totals.tombstones)}`);
  const found = totals.labels + totals.ids + totals.postings;
  const fits = found === index.entryCount && compareKeys(totals.lastKey, index.lastKey) === 0;
  // Of damaged blocks the records were not counted.
  if (!damaged && !fits) {
    const expectation = `expected ${count(index.entryCount, 'record')}, found ${number(found)}`;
    yield damage(path, footer.index.offset, expectation);
  }
}

/** Throws CorruptionError when a block, whose checksum is right, contradicts the rest. */
function addRecords(
  totals: Totals,
  block: Uint8Array,
  { path, index, mayContain }: IndexTable,
  offset: number,
): void {
  const cursor = new BlockCursor();
  cursor.open(block);
  while (cursor.next()) {
    const key = Uint8Array.from(cursor.key.subarray(0, cursor.keyLength));
    const fail = (what: string) => new CorruptionError(path, offset, what);
    // A label may have a tombstone and new series under one key.
    if (compareKeys(key, totals.lastKey) < 0) throw fail('expected ascending keys');
    if (compareKeys(key, index.firstKey) < 0) throw fail('expected no key before the first');
    const hash = filterHash(key);
    if (hash !== undefined && !mayContain(hash)) throw fail('expected a key in the bloom filter');
    totals.lastKey = key;
    if (cursor.kind === DELETE) totals.tombstones++;
    if (key[0] === LABELS_KEYS) totals.labels++;
    else if (key[0] === ID_KEYS) totals.ids++;
    else totals.postings++;
  }
}

function keyText(bytesOfKey: Uint8Array): string {
  const key = Buffer.from(bytesOfKey);
  if (key[0] === LABELS_KEYS) {
    const pairs = decodeLabels(bytesOfKey.subarray(1)).map(({ name, value }) =>
      pairText(name, value),
    );
    return `labels {${pairs.join(', ')}}`;
  }
  if (key[0] === ID_KEYS) return `series ${idOfKey(key)}`;
  const name = nameOfKey(key);
  const value = valueOfKey(key, key.length);
  const container = `container ${containerOfKey(key, key.length)}`;
  if (name === '') return `every series, ${container}`;
  return `${value === '' ? `any ${nameText(name)}` : pairText(name, value)}, ${container}`;
}

function pairText(name: string, value: string): string {
  return `${nameText(name)}=${JSON.stringify(value)}`;
}

/** Names are their user's: what is in them must not reach a terminal as it is. */
function nameText(name: string): string {
  return /^[\w.:]+$/.test(name) ? name : JSON.stringify(name);
}
