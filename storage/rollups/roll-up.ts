// Summarises windows of a tier's source: slice by slice of series, so that memory follows it.
// The main thread reads blocks and writes files, a table for each field at once; jobs summarise.
//
// It may be done twice, and cut short anywhere: what is lacking follows from the manifest, one edit
// brings all tables of a batch with the marks that say so, and a summary that is made again takes
// the place of the older one, as a point does. The place in the order of writing is taken before
// the state is read: a delete that comes later hides the steps that it meets, until they are made
// again of what it left.

import type { Core } from '../core.ts';
import { createCounters } from '../core.ts';
import { tablePath } from '../filenames.ts';
import { syncTableDirs } from '../flush.ts';
import type { ManifestState, RolledWindow, TableMeta } from '../manifest/edit.ts';
import { type NewFiles, withNewFiles } from '../new-files.ts';
import { loadAll, loadSlice } from '../scan.ts';
import { splitByRuns } from '../series/series-runs.ts';
import type { EncodedSlice } from '../slice-types.ts';
import { createBlockCache } from '../sstable/block-cache.ts';
import { SUMMARY_FIELDS, TABLE_MAGICS, type TableWindow } from '../sstable/format.ts';
import { createTableLayout, type TableLayout } from '../sstable/layout.ts';
import type { TableTail, TableTailInput } from '../sstable/tail.ts';
import { PASS_OVER, seriesIdsOf, tablesOf, windowsIn } from '../table-access.ts';
import { union } from '../tag-index/postings.ts';
import type { ScanCost, TimeRange } from '../types.ts';
import type { TableFile, Version } from '../version.ts';
import { windowStart } from '../window.ts';
import { PacedFile } from '../windows/paced-file.ts';
import type { RollupBatch } from './picker.ts';
import { intersection, unionOf } from './ranges.ts';
import type { RollupInput, RollupOutput } from './rollup-job.ts';
import type { SourceWindow } from './source-windows.ts';
import { droppedBeforeMs } from './tiers.ts';

export interface RolledUp {
  readonly windows: number;
  readonly steps: number;
  readonly sizeBytes: number;
}

const NOTHING: RolledUp = { windows: 0, steps: 0, sizeBytes: 0 };

/** Picks a batch from the state as it is, and carries it out; undefined when none is picked. */
export async function rollUpNext(
  core: Core,
  pick: (state: ManifestState) => RollupBatch | undefined,
): Promise<RolledUp | undefined> {
  const { catalog } = core;
  if (pick(catalog.state) === undefined) return undefined;
  const sequence = catalog.takeFileNumber();
  const { version, state } = await catalog.pin();
  try {
    const batch = pick(state);
    return batch === undefined ? NOTHING : await rollUp(core, version, state, batch, sequence);
  } finally {
    version.release();
  }
}

async function rollUp(
  core: Core,
  version: Version,
  { tombstones }: ManifestState,
  batch: RollupBatch,
  sequence: number,
): Promise<RolledUp> {
  const { catalog, counters, env } = core;
  const marks = batch.sources.map((source) => markOf(source, batch, tombstones.keys()));
  return withNewFiles(env.fs, catalog, async (files) => {
    const { tables, steps } = await writeTables(core, version, batch, sequence, files);
    let isWanted = false;
    await catalog.apply((state) => {
      isWanted = droppedBeforeMs(state, batch.tier.id) < batch.window.endMs;
      if (!isWanted) return undefined;
      return { addTables: tables, rolled: marks, nextFileNumber: catalog.nextFileNumber };
    });
    if (!isWanted || tables.length === 0) await files.discard();
    if (!isWanted) return NOTHING;
    const sizeBytes = tables.reduce((sum, table) => sum + table.sizeBytes, 0);
    counters.windowsRolledUp += marks.length;
    counters.rollupSteps += steps;
    counters.rollupBytesWritten += sizeBytes;
    return { windows: marks.length, steps, sizeBytes };
  });
}

function markOf(
  { tables, startMs }: SourceWindow,
  { tier }: RollupBatch,
  tombstones: Iterable<number>,
): RolledWindow {
  const tableSequence = Math.max(...tables.map(({ sequence }) => sequence));
  return { tierId: tier.id, startMs, tableSequence, tombstoneSequence: Math.max(0, ...tombstones) };
}

interface FieldOutput {
  readonly meta: Pick<TableMeta, 'kind' | 'stepMs' | 'number' | 'sequence'>;
  readonly path: string;
  readonly layout: TableLayout;
}

/** Durable tables of a batch, none when its series have no points left. */
async function writeTables(
  core: Core,
  version: Version,
  batch: RollupBatch,
  sequence: number,
  files: NewFiles,
): Promise<{ tables: TableMeta[]; steps: number }> {
  const { tier, window } = batch;
  const place: TableWindow = {
    policyId: tier.id,
    windowStartMs: window.startMs,
    windowEndMs: window.endMs,
  };
  const outputs = SUMMARY_FIELDS.map((kind): FieldOutput => {
    const number = core.catalog.takeFileNumber();
    const meta = { kind, stepMs: tier.rollup.everyMs, number, sequence };
    return {
      meta,
      path: tablePath(core.dir, { ...place, kind, number }),
      layout: createTableLayout(),
    };
  });
  let steps = 0;
  let tables: TableMeta[] = [];
  await withFiles(files, core, outputs, [], async (paced) => {
    for await (const rolled of slicesRolledUp(core, version, batch, place)) {
      steps += rolled.steps;
      for (const [f, { layout }] of outputs.entries()) {
        for (const id of rolled.seriesIds) layout.noteSeries(id);
        for (const block of rolled.blocks[f]!) layout.place(block);
        await paced[f]!.append(rolled.blocks[f]!.map(({ bytes }) => bytes));
      }
    }
    if (steps === 0) return;
    tables = await Promise.all(
      outputs.map(async ({ meta, layout }, f) => {
        const input: TableTailInput = { window: place, ...layout.contents() };
        const tail = await core.env.compute.run<TableTailInput, TableTail>('table-tail', input);
        await paced[f]!.append(tail.parts);
        return { ...tail.summary, ...meta };
      }),
    );
  });
  await syncTableDirs(tables, core);
  return { tables, steps };
}

/** Opens a file for each output, all at once, and has them filled. */
async function withFiles(
  files: NewFiles,
  core: Core,
  outputs: readonly FieldOutput[],
  opened: readonly PacedFile[],
  fill: (files: readonly PacedFile[]) => Promise<void>,
): Promise<void> {
  const next = outputs[opened.length];
  if (next === undefined) return fill(opened);
  return files.writeWith(next.path, async (file) => {
    const paced = new PacedFile(file, core);
    await paced.append([TABLE_MAGICS.points]);
    await withFiles(files, core, outputs, [...opened, paced], fill);
  });
}

async function* slicesRolledUp(
  core: Core,
  version: Version,
  { sources, tier }: RollupBatch,
  window: TableWindow,
): AsyncGenerator<RollupOutput> {
  const { everyMs } = tier.rollup;
  const ranges = unionOf(sources.flatMap((source) => changedSteps(source, everyMs)));
  if (ranges.length === 0) return;
  const files = filesOf(version, sources);
  const ids = await changedSeries(core, files, sources);
  // Nobody will read these blocks again, and queries tell how many of theirs were of use.
  const apart: Core = { ...core, blockCache: createBlockCache(0), counters: createCounters() };
  const cost: ScanCost = {
    ...{ windows: 0, tables: 0, tablesSkipped: 0 },
    ...{ blocksRead: 0, bytesRead: 0, blocksCached: 0 },
  };
  const request = {
    ...PASS_OVER,
    selectors: [],
    startMs: sources[0]!.isGone ? sources[0]!.endMs : ranges[0]!.startMs + 1,
    endMs: ranges.at(-1)!.endMs + 1,
    cost,
  };
  for (let from = 0; from < ids.length; ) {
    const before = cost.bytesRead;
    const loaded = await loadSlice(version, [...files.values()], ids, from, request, apart);
    from += loaded.width;
    await core.io.take(cost.bytesRead - before);
    const known = sources[0]!.isGone
      ? await stepsSoFar(version, loaded.slice.ids, { window, ...ranges[0]! }, apart)
      : undefined;
    const input: RollupInput = { slice: loaded.slice, window, everyMs, ranges, known };
    yield await core.env.compute.run<RollupInput, RollupOutput>('roll-up', input);
  }
}

/** By field, the step of the tier that begins at `startMs`. */
async function stepsSoFar(
  version: Version,
  ids: Uint32Array,
  { window, startMs }: { readonly window: TableWindow; readonly startMs: number },
  core: Core,
): Promise<EncodedSlice[]> {
  const range = { startMs, endMs: startMs + 1 };
  const windows = windowsIn(version, range).filter(({ policyId }) => policyId === window.policyId);
  return Promise.all(
    SUMMARY_FIELDS.map((field) => {
      const request = { ...PASS_OVER, selectors: [], ...range };
      return loadAll(version, tablesOf(windows, range, field), ids, request, core);
    }),
  );
}

function filesOf({ parts }: Version, sources: readonly SourceWindow[]): Map<number, TableFile> {
  const numbers = new Set(sources.flatMap(({ tables }) => tables.map(({ number }) => number)));
  const files = parts.windows
    .flatMap(({ tables }) => tables)
    .filter(({ meta }) => numbers.has(meta.number))
    .sort((a, b) => a.meta.sequence - b.meta.sequence);
  return new Map(files.map((file) => [file.meta.number, file]));
}

/** Steps of which something changed since they were summarised, by their start. */
function changedSteps(source: SourceWindow, everyMs: number): TimeRange[] {
  const { mark, freshTables, freshTombstones } = source;
  if (source.isGone) return [{ startMs: source.endMs - everyMs, endMs: source.endMs }];
  if (mark === undefined) return [source];
  const times = [
    ...freshTables.map(({ minTimestampMs, maxTimestampMs }) => ({
      startMs: minTimestampMs,
      endMs: maxTimestampMs + 1,
    })),
    ...freshTombstones,
  ];
  const steps = times.map(({ startMs, endMs }) => ({
    startMs: windowStart(Math.max(startMs, source.startMs + 1) - 1, everyMs),
    endMs: windowStart(Math.min(endMs - 2, source.endMs - 1), everyMs) + everyMs,
  }));
  return intersection(unionOf(steps), [source]);
}

/** Of a damaged table it is not known: its series are found again when the window changes. */
async function changedSeries(
  core: Core,
  files: ReadonlyMap<number, TableFile>,
  sources: readonly SourceWindow[],
): Promise<Uint32Array> {
  const known = new Map<number, Uint32Array>();
  const idsOf = async ({ number }: TableMeta): Promise<Uint32Array> => {
    const ids = known.get(number) ?? (await seriesIdsOf(files.get(number)!, core));
    known.set(number, ids ?? new Uint32Array(0));
    return known.get(number)!;
  };
  const lists: Uint32Array[] = [];
  for (const { tables, freshTables, freshTombstones } of sources) {
    for (const table of freshTables) lists.push(await idsOf(table));
    if (freshTombstones.length === 0) continue;
    for (const table of tables) {
      const ids = await idsOf(table);
      for (const { series } of freshTombstones) lists.push(splitByRuns(ids, series).inside);
    }
  }
  return union([...new Set(lists)]);
}
