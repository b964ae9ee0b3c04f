// Which series, label names and label values there are, from the tag index; with a range, those
// with points in a window or memtable that meets it.

import type { Core } from './core.ts';
import type { Labels } from './series/labels.ts';
import { TABLE_KINDS } from './sstable/format.ts';
import { orReport, readerOf, tablesIn } from './table-access.ts';
import { intersect, union } from './tag-index/postings.ts';
import { labelNames, labelValues } from './tag-index/reader.ts';
import { select } from './tag-index/select.ts';
import type { ScanRequest, TimeRange } from './types.ts';
import type { Version } from './version.ts';

type Selectors = ScanRequest['selectors'];

/** A selector without matchers is every series. */
const EVERY_SERIES: Selectors = [[]];

export async function seriesIn(
  version: Version,
  core: Core,
  selectors: Selectors,
  range?: TimeRange,
): Promise<Labels[]> {
  const ids = await idsIn(version, core, selectors, range);
  const labels = await core.series.labelsOf(version.index, ids);
  return labels.filter((ofSeries) => ofSeries !== undefined);
}

export async function labelNamesIn(
  version: Version,
  core: Core,
  selectors?: Selectors,
  range?: TimeRange,
): Promise<string[]> {
  if (selectors === undefined && range === undefined) return labelNames(version.index);
  return labelNames(version.index, await idsIn(version, core, selectors ?? EVERY_SERIES, range));
}

export async function labelValuesIn(
  version: Version,
  core: Core,
  name: string,
  selectors?: Selectors,
  range?: TimeRange,
): Promise<string[]> {
  if (selectors === undefined && range === undefined) return labelValues(version.index, name);
  return labelValues(
    version.index,
    name,
    await idsIn(version, core, selectors ?? EVERY_SERIES, range),
  );
}

async function idsIn(
  version: Version,
  core: Core,
  selectors: Selectors,
  range: TimeRange | undefined,
): Promise<Uint32Array> {
  const ids = await select(version.index, selectors, () => core.env.scheduler.nextTurn());
  if (range === undefined || ids.length === 0) return ids;
  return intersect(ids, await idsWithPoints(version, core, range));
}

/** What is damaged is reported and passed over. */
const PASS_OVER = { onCorruption: () => undefined };

async function idsWithPoints(version: Version, core: Core, range: TimeRange): Promise<Uint32Array> {
  const onDisk = await Promise.all(
    TABLE_KINDS.flatMap((kind) => tablesIn(version, range, kind)).map(async (file) => {
      const table = await readerOf(file, PASS_OVER, core);
      return table && (await orReport(table.seriesIds(), PASS_OVER, core));
    }),
  );
  const { sealed, active } = version.parts;
  const generations = [...sealed, active];
  const events = generations
    .filter((generation) => generation.events.meets(range))
    .map((generation) => generation.events.seriesIds());
  const inMemory = generations
    .map(({ memtable }) => memtable)
    .filter(({ minTimestampMs }) => minTimestampMs < range.endMs)
    .filter(({ maxTimestampMs }) => maxTimestampMs >= range.startMs)
    .map((memtable) => memtable.seriesIds());
  return union([...onDisk.filter((ids) => ids !== undefined), ...inMemory, ...events]);
}
