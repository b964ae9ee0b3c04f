// What a reader of the tag index looks at: an immutable list of sources, newest first.

import { compareKeys, type KeyRange } from './keys.ts';
import type { IndexMemory } from './memory.ts';
import type { IndexTable } from './table.ts';

export interface IndexView {
  readonly memory: IndexMemory;
  /** Newest first. */
  readonly sealed: readonly IndexMemory[];
  /** Level 0 newest first; from level 1 tables are disjoint and in key order. */
  readonly levels: readonly (readonly IndexTable[])[];
}

/** Newest first. */
export function memoriesOf(view: IndexView): readonly IndexMemory[] {
  return [view.memory, ...view.sealed];
}

/** Tables whose keys meet the range, newest first. */
export function tablesOf(view: IndexView, { from, to }: KeyRange): IndexTable[] {
  return tablesBetween(view, from, (firstKey) => compareKeys(firstKey, to) < 0);
}

/** Tables that can have `key`, newest first. */
export function tablesWith(view: IndexView, key: Uint8Array): IndexTable[] {
  return tablesBetween(view, key, (firstKey) => compareKeys(firstKey, key) <= 0);
}

function tablesBetween(
  view: IndexView,
  from: Uint8Array,
  beginsInTime: (firstKey: Uint8Array) => boolean,
): IndexTable[] {
  const found: IndexTable[] = [];
  for (const table of view.levels[0] ?? []) {
    const { firstKey, lastKey } = table.index;
    if (compareKeys(lastKey, from) >= 0 && beginsInTime(firstKey)) found.push(table);
  }
  for (const tables of view.levels.slice(1)) {
    for (let at = firstEndingAt(tables, from); at < tables.length; at++) {
      if (!beginsInTime(tables[at]!.index.firstKey)) break;
      found.push(tables[at]!);
    }
  }
  return found;
}

/** Position of the first table whose last key is not below `key`. */
function firstEndingAt(tables: readonly IndexTable[], key: Uint8Array): number {
  let low = 0;
  let high = tables.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(tables[middle]!.index.lastKey, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
