// How a merge of tables is cut into pieces that fit in memory: ranges of series, and of every table
// the blocks that have points of them.

import type { BlockInfo } from '../sstable/block-index.ts';

export interface Slice {
  /** Series [firstSeries, lastSeries], both included. */
  readonly firstSeries: number;
  readonly lastSeries: number;
  /** By table, its blocks [from, to). One that reaches into the next slice is in both. */
  readonly blocks: readonly BlockRange[];
}

export interface BlockRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Slices in the order of series that cover all blocks of `tables`. Each has about `pointsMax`
 * points; more when one series has them, as a series is not cut.
 */
export function* sliceTables(
  tables: readonly (readonly BlockInfo[])[],
  pointsMax: number,
): IterableIterator<Slice> {
  const byLastSeries = tables.flat().sort((a, b) => a.lastSeries - b.lastSeries);
  const next = tables.map(() => 0);
  let firstSeries = 0;
  let points = 0;
  for (const [i, { lastSeries, pointCount }] of byLastSeries.entries()) {
    points += pointCount;
    const isLast = i === byLastSeries.length - 1;
    const isEnough = points >= pointsMax && byLastSeries[i + 1]?.lastSeries !== lastSeries;
    if (!isLast && !isEnough) continue;
    const blocks = tables.map((table, t) => {
      while (next[t]! < table.length && table[next[t]!]!.lastSeries < firstSeries) next[t]!++;
      let to = next[t]!;
      while (to < table.length && table[to]!.firstSeries <= lastSeries) to++;
      return { from: next[t]!, to };
    });
    yield { firstSeries, lastSeries, blocks };
    firstSeries = lastSeries + 1;
    points = 0;
  }
}
