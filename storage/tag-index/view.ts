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

/** Tables whose keys meet the range, newest first; with its end when that is `included`. */
export function tablesOf(view: IndexView, range: KeyRange, included = false): IndexTable[] {
  const found: IndexTable[] = [];
  for (const [level, tables] of view.levels.entries()) {
    for (let at = level === 0 ? 0 : firstEndingAt(tables, range.from); at < tables.length; at++) {
      const { index } = tables[at]!;
      const before = compareKeys(index.lastKey, range.from) < 0;
      const behind = compareKeys(index.firstKey, range.to) >= (included ? 1 : 0);
      if (!before && !behind) found.push(tables[at]!);
      else if (behind && level > 0) break;
    }
  }
  return found;
}

/** Tables that can have `key`, newest first. */
export function tablesWith(view: IndexView, key: Uint8Array): IndexTable[] {
  return tablesOf(view, { from: key, to: key }, true);
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
