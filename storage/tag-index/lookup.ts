// Postings of label pairs across all sources of a view. An id that was deleted in any source is
// gone from every other, as ids are not given twice; so the order of the sources is no matter here.

import { hashBytes } from '../coding/hash.ts';
import type { BlockCursor } from './block.ts';
import { CONTAINER_BITS, CONTAINER_IDS, decodeContainer, idsInContainer } from './container.ts';
import { PUT } from './format.ts';
import {
  containerOfKey,
  containerRange,
  type KeyRange,
  pairRange,
  valueOfKey,
  valuesRange,
} from './keys.ts';
import { difference, gallop, type Postings, union } from './postings.ts';
import type { IndexTable } from './table.ts';
import { blocksAcross } from './table-index.ts';
import { type IndexView, memoriesOf, tablesOf } from './view.ts';

/** Of a block that has postings of one pair alone: as gaps; in bitmaps there may be more. */
const IDS_PER_BLOCK = 16_384;

/** What sources say of some pairs, to be added up. */
export interface PostingsSum {
  readonly put: Postings[];
  readonly deleted: Postings[];
}

function createSum(): PostingsSum {
  return { put: [], deleted: [] };
}

/** Series put and not deleted, `forgotten` ones aside. */
export function totalOf(sum: PostingsSum, forgotten: Postings): Postings {
  const deleted = union(sum.deleted);
  return difference(difference(union(sum.put), deleted), forgotten);
}

/** Series with a tombstone that is not in a table yet. */
export function forgottenIn(view: IndexView): Postings {
  return union(memoriesOf(view).map((memory) => memory.forgotten()));
}

/** Every series. */
export async function allSeries(view: IndexView): Promise<Postings> {
  const sum = createSum();
  for (const memory of memoriesOf(view)) sum.put.push(memory.all());
  await addPairOfTables(view, '', '', sum);
  return totalOf(sum, forgottenIn(view));
}

/** Series that have the label, whatever its value. */
export async function seriesWithName(view: IndexView, name: string): Promise<Postings> {
  const sum = createSum();
  for (const memory of memoriesOf(view)) sum.put.push(memory.withName(name));
  await addPairOfTables(view, name, '', sum);
  return totalOf(sum, forgottenIn(view));
}

/** Series with any of the label's values given, none of which is empty. */
export async function seriesWithValues(
  view: IndexView,
  name: string,
  values: Iterable<string>,
): Promise<Postings> {
  const sum = createSum();
  for (const value of values) {
    for (const memory of memoriesOf(view)) sum.put.push(memory.pair(name, value));
    await addPairOfTables(view, name, value, sum);
  }
  return totalOf(sum, forgottenIn(view));
}

/** The same of `ids`, which are few: only the containers are read that they are in. */
export async function amongWithValues(
  view: IndexView,
  name: string,
  values: Iterable<string>,
  ids: Postings,
): Promise<Postings> {
  const sum = createSum();
  for (const value of values) {
    for (const memory of memoriesOf(view)) sum.put.push(memory.pairAmong(name, value, ids));
    await addPairAmong(view, name, value, ids, sum);
  }
  return totalOf(sum, forgottenIn(view));
}

/**
 * About how many series have one of the values, without reading anything: of tables it is known how
 * many blocks the postings go across.
 */
export function sizeOfValues(view: IndexView, name: string, values: Iterable<string>): number {
  let size = 0;
  for (const value of values) {
    for (const memory of memoriesOf(view)) size += memory.countOf(name, value);
    const range = pairRange(name, value);
    for (const { index } of tablesOf(view, range)) {
      size += blocksAcross(index, range) * IDS_PER_BLOCK;
    }
  }
  return size;
}

/** Called between pieces of long work: lets others run, and may throw to end it. */
export type Pause = () => Promise<void>;

/** Values looked at between two pauses: a slow regular expression takes some 10 us for each. */
const VALUES_PER_TURN = 512;

/** Series whose value starts with `prefix` and passes `test`, asked once per distinct value. */
export async function seriesWithValuesLike(
  view: IndexView,
  name: string,
  prefix: string,
  test: (value: string) => boolean,
  pause?: Pause,
): Promise<Postings> {
  const sum = createSum();
  const verdicts = new Map<string, boolean>();
  const passes = (value: string) => {
    let verdict = verdicts.get(value);
    if (verdict === undefined) {
      verdict = test(value);
      verdicts.set(value, verdict);
    }
    return verdict;
  };
  let looked = 0;
  for (const memory of memoriesOf(view)) {
    for (const [value, label] of memory.values(name)) {
      if (value.startsWith(prefix) && passes(value)) sum.put.push(memory.withLabel(label));
      if (++looked % VALUES_PER_TURN === 0) await pause?.();
    }
  }
  const visit = (cursor: BlockCursor): void => {
    if (passes(valueOfKey(cursor.key, cursor.keyLength))) addRecord(cursor, sum);
  };
  await scanTables(view, valuesRange(name, prefix), visit, pause);
  return totalOf(sum, forgottenIn(view));
}

/** Every value of the label with what the sources say of it, in no order. */
export async function sumsByValue(
  view: IndexView,
  name: string,
  pause?: Pause,
): Promise<ReadonlyMap<string, PostingsSum>> {
  const sums = new Map<string, PostingsSum>();
  const sumOf = (value: string) => {
    let sum = sums.get(value);
    if (sum === undefined) {
      sum = createSum();
      sums.set(value, sum);
    }
    return sum;
  };
  for (const memory of memoriesOf(view)) {
    for (const [value, label] of memory.values(name)) {
      sumOf(value).put.push(memory.withLabel(label));
    }
  }
  const visit = (cursor: BlockCursor): void => {
    addRecord(cursor, sumOf(valueOfKey(cursor.key, cursor.keyLength)));
  };
  await scanTables(view, valuesRange(name, ''), visit, pause);
  return sums;
}

async function addPairOfTables(
  view: IndexView,
  name: string,
  value: string,
  sum: PostingsSum,
): Promise<void> {
  const range = pairRange(name, value);
  const hash = hashBytes(range.from, 1, range.from.length);
  for (const table of tablesOf(view, range)) {
    if (!table.mayContain(hash)) continue;
    await table.scan(range, (cursor) => addRecord(cursor, sum));
  }
}

async function addPairAmong(
  view: IndexView,
  name: string,
  value: string,
  ids: Postings,
  sum: PostingsSum,
): Promise<void> {
  const range = pairRange(name, value);
  const pairKey = range.from;
  const hash = hashBytes(pairKey, 1, pairKey.length);
  const tables = tablesOf(view, range).filter((table) => table.mayContain(hash));
  if (tables.length === 0) return;
  for (let from = 0; from < ids.length; ) {
    const container = ids[from]! >>> CONTAINER_BITS;
    const to = gallop(ids, from, (container + 1) * CONTAINER_IDS);
    const wanted = ids.subarray(from, to);
    const visit = (cursor: BlockCursor): true => {
      const found = idsInContainer(cursor.value(), container, wanted);
      (cursor.kind === PUT ? sum.put : sum.deleted).push(found);
      return true;
    };
    for (const table of tables) await table.scan(containerRange(pairKey, container), visit);
    from = to;
  }
}

async function scanTables(
  view: IndexView,
  range: KeyRange,
  visit: (cursor: BlockCursor) => void,
  pause?: Pause,
): Promise<void> {
  for (const table of tablesOf(view, range)) {
    let from: Uint8Array | undefined = range.from;
    while (from !== undefined) {
      const rest: KeyRange = { from, to: range.to };
      from = await scanSome(table, rest, visit, pause === undefined ? Infinity : VALUES_PER_TURN);
      if (from !== undefined) await pause?.();
    }
  }
}

/** Visits `recordsMax` records at most; returns where to go on, if there may be more. */
async function scanSome(
  table: IndexTable,
  range: KeyRange,
  visit: (cursor: BlockCursor) => void,
  recordsMax: number,
): Promise<Uint8Array | undefined> {
  let visited = 0;
  let next: Uint8Array | undefined;
  await table.scan(range, (cursor) => {
    visit(cursor);
    if (++visited < recordsMax) return true;
    // The first key after this one.
    next = new Uint8Array(cursor.keyLength + 1);
    next.set(cursor.key.subarray(0, cursor.keyLength));
    return false;
  });
  return next;
}

/** True, so that a scan goes on. */
function addRecord(cursor: BlockCursor, sum: PostingsSum): true {
  const ids = decodeContainer(cursor.value(), containerOfKey(cursor.key, cursor.keyLength));
  (cursor.kind === PUT ? sum.put : sum.deleted).push(ids);
  return true;
}
