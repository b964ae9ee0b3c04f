// Questions to the tag index other than matchers (select.ts). Each takes a view and returns a
// value; something is awaited only where a block has to be read.

import { compareText, type Labels, type SeriesId } from '../series/labels.ts';
import { decodeLabels } from '../series/labels-codec.ts';
import type { LabelsKey } from '../series/labels-key.ts';
import type { IndexRecord } from './block.ts';
import { PUT, type RecordKind } from './format.ts';
import {
  idKeyOf,
  idOfKey,
  idRange,
  labelBytesOfKey,
  labelsKeyOf,
  nameOfKey,
  namesAfter,
} from './keys.ts';
import { forgottenIn, seriesWithName, seriesWithValues, sumsByValue, totalOf } from './lookup.ts';
import { gallop, intersect, intersects, type Postings } from './postings.ts';
import type { IndexTable, Maybe } from './table.ts';
import { type IndexView, memoriesOf, tablesOf, tablesWith } from './view.ts';

/** Of ids in a table's range, one in this many or more wanted: scan them all. */
const SCAN_DENSITY = 8;
const SERIES_ID_MAX = 2 ** 32 - 1;

/** The id of a label set, or 0. At once, unless a table's filter says that it may have it. */
export function findSeries(view: IndexView, key: LabelsKey): Maybe<SeriesId> {
  for (const memory of memoriesOf(view)) {
    const id = memory.find(key);
    if (id !== undefined) return id;
  }
  const { hash } = key;
  const tableKey = labelsKeyOf(key.bytes.subarray(0, key.length));
  const tables = tablesWith(view, tableKey).filter((table) => table.mayContain(hash));
  const found = findInTables(tables, 0, tableKey);
  // Mostly there is no damage, and nothing is awaited.
  if (typeof found === 'number' && (found > 0 || !tables.some(isDamaged))) return found;
  return Promise.resolve(found).then((id) =>
    id > 0 || !tables.some(isDamaged) ? id : findByPostings(view, tableKey),
  );
}

function isDamaged({ damage }: IndexTable): boolean {
  return damage !== undefined;
}

/**
 * The way round a damaged block, so that a series that is known does not get a second id: of the
 * series with all of the labels, the one that has no others.
 */
async function findByPostings(view: IndexView, tableKey: Uint8Array): Promise<SeriesId> {
  const labels = decodeLabels(labelBytesOfKey(tableKey));
  let ids: Postings | undefined;
  for (const { name, value } of labels) {
    const having = await seriesWithValues(view, name, [value]);
    ids = ids === undefined ? having : intersect(ids, having);
  }
  const found = await labelsOf(view, ids ?? new Uint32Array(0));
  const position = found.findIndex((others) => others?.length === labels.length);
  return position < 0 ? 0 : ids![position]!;
}

function findInTables(
  tables: readonly IndexTable[],
  from: number,
  key: Uint8Array,
): Maybe<SeriesId> {
  for (let at = from; at < tables.length; at++) {
    const record = tables[at]!.get(key);
    if (record instanceof Promise) {
      return record.then((read) =>
        read === undefined ? findInTables(tables, at + 1, key) : idOfRecord(read),
      );
    }
    if (record !== undefined) return idOfRecord(record);
  }
  return 0;
}

/** Labels of each id, in their order; undefined where there is no such series. `ids` ascend. */
export async function labelsOf(view: IndexView, ids: Postings): Promise<(Labels | undefined)[]> {
  const found = new Array<Labels | undefined>(ids.length).fill(undefined);
  const settled = new Uint8Array(ids.length);
  const settle: Settle = (position, labels) => {
    found[position] = labels;
    settled[position] = 1;
  };
  for (const memory of memoriesOf(view)) {
    for (const [position, id] of ids.entries()) {
      if (memory.hasForgotten(id)) settle(position, undefined);
      const labels = settled[position] === 1 ? undefined : memory.labelsOf(id);
      if (labels !== undefined) settle(position, labels);
    }
  }
  for (const table of tablesOf(view, idRange(0, SERIES_ID_MAX))) {
    await readLabels(table, ids, settled, settle);
  }
  return found;
}

/** Says once and for all what the labels of the id at `position` are. */
type Settle = (position: number, labels: Labels | undefined) => void;

/** Settles ids that the table knows and that are not settled yet. */
async function readLabels(
  table: IndexTable,
  ids: Postings,
  settled: Uint8Array,
  settle: Settle,
): Promise<void> {
  const { firstId, lastId } = table.index;
  const from = gallop(ids, 0, firstId);
  const to = gallop(ids, from, lastId + 1);
  if (from === to) return;
  const take = (position: number, kind: RecordKind, value: Uint8Array): void => {
    settle(position, kind === PUT ? decodeLabels(value, table.path) : undefined);
  };
  if ((to - from) * SCAN_DENSITY >= lastId - firstId) {
    let position = from;
    await table.scan(idRange(ids[from]!, ids[to - 1]!), (cursor) => {
      const id = idOfKey(cursor.key);
      position = gallop(ids, position, id);
      const wanted = ids[position] === id && settled[position] === 0;
      if (wanted) take(position, cursor.kind, cursor.value());
      return true;
    });
    return;
  }
  for (let position = from; position < to; position++) {
    if (settled[position] === 1) continue;
    const record = table.get(idKeyOf(ids[position]!));
    const read = record instanceof Promise ? await record : record;
    if (read !== undefined) take(position, read.kind, read.value);
  }
}

/** Sorted names of the labels that any of the series has; of all series without `ids`. */
export async function labelNames(view: IndexView, ids?: Postings): Promise<string[]> {
  const candidates = new Set<string>();
  for (const memory of memoriesOf(view)) for (const name of memory.names()) candidates.add(name);
  for (const table of tablesOf(view, namesAfter(''))) await collectNames(table, candidates);
  const names: string[] = [];
  for (const name of candidates) {
    const series = await seriesWithName(view, name);
    if (ids === undefined ? series.length > 0 : intersects(series, ids)) names.push(name);
  }
  return names.sort(compareText);
}

/** Seeks from name to name, past all their values. */
async function collectNames(table: IndexTable, names: Set<string>): Promise<void> {
  let name: string | undefined = '';
  while (name !== undefined) {
    let next: string | undefined;
    await table.scan(namesAfter(name), (cursor) => {
      next = nameOfKey(cursor.key);
      return false;
    });
    if (next !== undefined) names.add(next);
    name = next;
  }
}

/** Sorted values of the label in any of the series; in all series without `ids`. */
export async function labelValues(
  view: IndexView,
  name: string,
  ids?: Postings,
): Promise<string[]> {
  const forgotten = forgottenIn(view);
  const values: string[] = [];
  for (const [value, sum] of await sumsByValue(view, name)) {
    const series = totalOf(sum, forgotten);
    if (ids === undefined ? series.length > 0 : intersects(series, ids)) values.push(value);
  }
  return values.sort(compareText);
}

function idOfRecord({ kind, value }: IndexRecord): SeriesId {
  if (kind !== PUT) return 0;
  return new DataView(value.buffer, value.byteOffset, value.length).getUint32(0, true);
}
