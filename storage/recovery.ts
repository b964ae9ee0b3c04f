// From a directory to a running state: what the manifest says, then what the WAL has beyond it.
// Replay fills memtables and flushes them as running does, so it needs no more memory than that.

import { type Catalog, openCatalog } from './catalog.ts';
import { type Core, createCounters } from './core.ts';
import type { Env } from './env/env.ts';
import { CorruptionError } from './errors.ts';
import type { EventBatch } from './event-types.ts';
import { memoryBytesOf } from './events/event-columns.ts';
import { openTableOfKind } from './events/event-table.ts';
import type { FileHandles } from './file-handles.ts';
import { flushOldest } from './flush.ts';
import { IoBudget } from './io-budget.ts';
import type { RecoveryInfo } from './listener.ts';
import { type ManifestLog, openManifest } from './manifest/log.ts';
import { largestId } from './memtable.ts';
import { createMemtablePool } from './memtable-pool.ts';
import type { Settings } from './options.ts';
import { removeOrphans } from './orphans.ts';
import { assignPolicyIds, policyEdit } from './policies.ts';
import { Reserve, withReserve } from './reserve.ts';
import { SeriesDirectory, type SeriesDirectoryOptions } from './series-directory.ts';
import { createBlockCache } from './sstable/block-cache.ts';
import { allSeries } from './tag-index/lookup.ts';
import { openIndexTable } from './tag-index/table.ts';
import { Trouble } from './trouble.ts';
import type { PointBatch } from './types.ts';
import { Generation } from './version.ts';
import { replayWal } from './wal/reader.ts';
import type { SeriesEntry } from './wal/record.ts';

/** Between two words about a replay, ms, at least: between two segments. */
const PROGRESS_EVERY_MS = 2_000;

export interface Recovered {
  readonly core: Core;
  /** For the WAL's writer: no segment has it. */
  readonly nextWalSegment: number;
  readonly info: RecoveryInfo;
}

/** Where new series go once all is running. */
export type NewSeriesWrites = Pick<SeriesDirectoryOptions, 'register' | 'assertWritable'>;

/**
 * Brings the directory, which the caller has locked, to its last durable state. A disk that takes
 * no writes does not stop it, as long as memory has room for what the log holds.
 */
export async function recover(
  dir: string,
  env: Env,
  settings: Settings,
  handles: FileHandles,
  writes: NewSeriesWrites,
): Promise<Recovered> {
  const startMs = env.clock.monotonicMs();
  const { state, log, created, damage } = await openManifest(dir, env.fs);
  if (damage !== undefined) settings.listener.corruption?.(damage);
  const orphansRemoved = await removeOrphans(dir, env.fs, state);
  const core = await openCore(dir, env, settings, handles, log, writes);
  const replay = await replayInto(core).catch(async (error: unknown) => {
    await core.catalog.close();
    throw error;
  });
  const info: RecoveryInfo = {
    durationMs: env.clock.monotonicMs() - startMs,
    walSegments: replay.segments.length,
    walRecords: replay.records,
    points: replay.points,
    tornBytes: replay.tornBytes,
    orphansRemoved,
    unclean: !created && !state.clean,
  };
  const last = replay.segments.at(-1);
  const nextWalSegment = last === undefined ? core.catalog.state.walSegment : last + 1;
  return { core, nextWalSegment, info };
}

async function openCore(
  dir: string,
  env: Env,
  settings: Settings,
  handles: FileHandles,
  log: ManifestLog,
  writes: NewSeriesWrites,
): Promise<Core> {
  const trouble = new Trouble(dir);
  const blockCache = createBlockCache(settings.blockCacheBytes);
  const pinned = createBlockCache(settings.pinnedBytes);
  const memtables = createMemtablePool(settings.memtableBytesMax, settings.memtablesSealedMax + 1);
  const { state } = log;
  const damaged = (error: CorruptionError): void => settings.listener.corruption?.(error);
  const catalog: Catalog = await openCatalog({
    dir,
    fs: env.fs,
    log,
    active: new Generation(memtables, state.walSegment),
    openTable: async ({ kind }, path) => openTableOfKind(kind, await handles.readNamed(path), path),
    openIndexTable: async ({ number }, path) =>
      openIndexTable(await handles.readNamed(path), path, number, blockCache, damaged),
    keepTable: (number, open) => pinned.get(number, WHOLE_TAIL, open),
    closeFile: (path) => handles.forget(path),
    tableGone(number) {
      blockCache.dropTable(number);
      pinned.dropTable(number);
    },
    damaged,
    manifestFailed: (cause) => trouble.report(cause),
    cleanupFailed: (error) => settings.listener.backgroundError?.(error),
  });
  const { policies } = settings.policies;
  const { ids: policyIds, changes } = assignPolicyIds(policies, state);
  await catalog.applyOrOwe((now) => ({ clean: false, ...policyEdit(now, changes) }));
  const series = new SeriesDirectory({
    nextId: state.nextSeriesId,
    policies: settings.policies,
    policyIds,
    cacheBytes: settings.seriesCacheBytes,
    currentVersion: () => catalog.version,
    ...writes,
  });
  const { clock, scheduler } = env;
  const io = new IoBudget({ rate: settings.compactionRate, clock, scheduler });
  const counters = createCounters();
  const reserve = new Reserve(dir, env.fs, settings.reserveBytes);
  return {
    dir,
    env,
    settings,
    catalog,
    series,
    memtables,
    blockCache,
    pinned,
    handles,
    io,
    counters,
    trouble,
    reserve,
  };
}

/** Filter and index of a table are kept, and let go of, together. */
const WHOLE_TAIL = 0;

async function replayInto(core: Core) {
  const { dir, env, catalog, counters, settings } = core;
  let points = 0;
  let toldMs = env.clock.monotonicMs();
  const result = await replayWal({
    dir,
    fs: env.fs,
    fromSegment: catalog.state.walSegment,
    async onRecord(record, segment) {
      switch (record.kind) {
        case 'series':
          return replaySeries(core, record.entries, segment);
        case 'points':
          points += record.batch.ids.length;
          return replayPoints(core, record.batch, segment);
        case 'events':
          points += record.events.ids.length;
          return replayEvents(core, record.events, segment);
      }
    },
    onSegment(walSegmentsDone, walSegments) {
      const nowMs = env.clock.monotonicMs();
      if (nowMs - toldMs < PROGRESS_EVERY_MS) return;
      toldMs = nowMs;
      settings.listener.recovering?.({ walSegmentsDone, walSegments, points });
    },
  });
  // A window that is dropped from now on must not come back with a second replay of its points.
  if (counters.flushes > 0) await flushInReplay(core, result.segments.at(-1)! + 1);
  await countSeries(core);
  for (const damage of result.skipped) settings.listener.corruption?.(damage);
  return { ...result, points };
}

/** The index knows how many there are; where it is damaged, there are no more than had an id. */
async function countSeries({ catalog, series, settings }: Core): Promise<void> {
  try {
    series.begin((await allSeries(catalog.version.index)).length);
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    settings.listener.corruption?.(error);
    series.begin(series.nextId - 1);
  }
}

async function replaySeries(
  core: Core,
  entries: readonly SeriesEntry[],
  segment: number,
): Promise<void> {
  const { catalog, series, settings } = core;
  const { newSeries } = catalog.version.parts.active;
  if (newSeries.memoryBytes > settings.memtableBytesMax) await flushInReplay(core, segment);
  series.replay(entries, catalog.version.index);
}

/** A record from a run with a larger memtable than this one's goes in piece by piece. */
async function replayPoints(core: Core, batch: PointBatch, segment: number): Promise<void> {
  const { catalog, series } = core;
  const { ids, timestampsMs, values } = batch;
  series.replayIds(largestId(ids));
  for (let from = 0; from < ids.length; ) {
    const { active } = catalog.version.parts;
    const to = Math.min(ids.length, from + active.memtable.capacity);
    if (active.fitsPoints(to - from, largestId(ids))) {
      active.memtable.append(ids, timestampsMs, values, from, to);
      from = to;
    } else await flushInReplay(core, segment);
  }
}

async function replayEvents(core: Core, events: EventBatch, segment: number): Promise<void> {
  const { catalog, series } = core;
  series.replayIds(largestId(events.ids));
  const fits = catalog.version.parts.active.fitsEvents(memoryBytesOf(events));
  if (!fits) await flushInReplay(core, segment);
  catalog.version.parts.active.events.append(events);
}

/**
 * Flushes what there is; the next replay begins with `segment`, which may not be through yet. On a
 * disk that does not take it, as many generations wait as may while running.
 */
async function flushInReplay(core: Core, segment: number): Promise<void> {
  const { catalog, memtables, settings, trouble } = core;
  const { active, sealed } = catalog.version.parts;
  catalog.setMemory(new Generation(memtables, segment), [...sealed, active]);
  try {
    while (await withReserve(core, () => flushOldest(core)));
  } catch (error) {
    if (catalog.version.parts.sealed.length > settings.memtablesSealedMax) throw error;
    trouble.report(error);
  }
}
