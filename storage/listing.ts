// Which series, label names and label values there are, from the tag index; with a range, those
// with points in a window or memtable that meets it. Series of which a delete left nothing are out.

import type { Core } from './core.ts';
import { scanVersion } from './scan.ts';
import type { Labels } from './series/labels.ts';
import type { Matcher } from './series/matcher.ts';
import { splitByRuns } from './series/series-runs.ts';
import type { TableContent } from './sstable/format.ts';
import { PASS_OVER, seriesIdsOf, tablesIn } from './table-access.ts';
import { difference, intersect, NO_POSTINGS, union } from './tag-index/postings.ts';
import { labelNames, labelValues } from './tag-index/reader.ts';
import { select } from './tag-index/select.ts';
import { ALL_TIME, spans, tombstonesOver } from './tombstones/hidden.ts';
import type { Census, ScanRequest, TimeRange } from './types.ts';
import type { TableFile, Version } from './version.ts';

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
  if (isAll(version, selectors, range)) return labelNames(version.index);
  return labelNames(version.index, await idsIn(version, core, selectors ?? EVERY_SERIES, range));
}

export async function labelValuesIn(
  version: Version,
  core: Core,
  name: string,
  selectors?: Selectors,
  range?: TimeRange,
): Promise<string[]> {
  if (isAll(version, selectors, range)) return labelValues(version.index, name);
  return labelValues(
    version.index,
    name,
    await idsIn(version, core, selectors ?? EVERY_SERIES, range),
  );
}

/** Series of which a delete left nothing count until they are forgotten. */
export async function censusIn(
  version: Version,
  core: Core,
  matchers: readonly Matcher[],
  sampleMax: number,
): Promise<Census> {
  const ids = await select(version.index, [matchers], () => core.env.scheduler.nextTurn());
  const step = Math.max(1, Math.ceil(ids.length / sampleMax));
  const some = sampleMax === 0 ? NO_POSTINGS : ids.filter((_, i) => i % step === 0);
  const labels = await core.series.labelsOf(version.index, some);
  return { count: ids.length, sample: labels.filter((ofSeries) => ofSeries !== undefined) };
}

/** Whether every series of the index is meant, and none of them was touched by a delete. */
export function isAll({ parts }: Version, selectors?: Selectors, range?: TimeRange): boolean {
  return selectors === undefined && range === undefined && parts.deletions.tombstones.size === 0;
}

async function idsIn(
  version: Version,
  core: Core,
  selectors: Selectors,
  range: TimeRange | undefined,
): Promise<Uint32Array> {
  const ids = await select(version.index, selectors, () => core.env.scheduler.nextTurn());
  if (ids.length === 0) return ids;
  if (range !== undefined) return idsWithPoints(version, core, ids, range);
  const touched = idsUnder(version, ids);
  if (touched.length === 0) return ids;
  const alive = await idsWithPoints(version, core, touched, ALL_TIME);
  return union([difference(ids, touched), alive]);
}

/** One field of the summaries tells what all of them have. */
const LISTED: readonly TableContent[] = ['points', 'events', 'count'];

/** Of `wanted`, the series with points in tables or memtables that meet the range. */
async function idsWithPoints(
  version: Version,
  core: Core,
  wanted: Uint32Array,
  range: TimeRange,
): Promise<Uint32Array> {
  const onDisk = await Promise.all(
    LISTED.flatMap((content) => tablesIn(version, range, content)).map(async (file) => {
      const ids = await seriesIdsOf(file, core);
      return shownIn(version, file, ids === undefined ? NO_POSTINGS : intersect(ids, wanted));
    }),
  );
  const { sealed, active } = version.parts;
  const generations = [...sealed, active];
  const events = generations
    .filter((generation) => generation.events.meets(range))
    .map((generation) => intersect(generation.events.seriesIds(), wanted));
  const inMemory = generations
    .map(({ memtable }) => memtable)
    .filter(({ minTimestampMs }) => minTimestampMs < range.endMs)
    .filter(({ maxTimestampMs }) => maxTimestampMs >= range.startMs)
    .map((memtable) => intersect(memtable.seriesIds(), wanted));
  const certain = union([...onDisk.map(({ shown }) => shown), ...inMemory, ...events]);
  const doubtful = difference(union(onDisk.map(({ doubtful: ids }) => ids)), certain);
  if (doubtful.length === 0) return certain;
  return union([certain, await idsScanned(version, core, doubtful, range)]);
}

/** Of a table's series, those that are shown, and those of which tombstones hide a part. */
function shownIn({ parts }: Version, { meta }: TableFile, ids: Uint32Array) {
  let shown: Uint32Array = ids;
  let doubtful: Uint32Array = NO_POSTINGS;
  for (const tombstone of tombstonesOver(parts.deletions, meta)) {
    const split = splitByRuns(shown, tombstone.series);
    // A scan of points does not tell what summaries have left.
    if (meta.stepMs !== undefined && !spans(tombstone, meta)) continue;
    shown = split.outside;
    if (spans(tombstone, meta)) doubtful = splitByRuns(doubtful, tombstone.series).outside;
    else doubtful = union([doubtful, split.inside]);
  }
  return { shown, doubtful };
}

/** Of `ids`, those that a scan of the range finds a point of. */
async function idsScanned(
  version: Version,
  core: Core,
  ids: Uint32Array,
  range: TimeRange,
): Promise<Uint32Array> {
  const found: number[] = [];
  const request = { ...PASS_OVER, ...range, selectors: [] };
  for await (const batch of scanVersion(version, ids, request, core)) {
    for (const { id } of batch) found.push(id);
  }
  return Uint32Array.from(found);
}

/** Of `ids`, those that a tombstone is about. */
function idsUnder({ parts }: Version, ids: Uint32Array): Uint32Array {
  const tombstones = [...parts.deletions.tombstones.values()];
  return union(tombstones.map(({ series }) => splitByRuns(ids, series).inside));
}
