// Deletes: points of some series in a range of time that were written before the delete. Matchers
// become ids at once, so that series registered later are not concerned. What lies in tables is
// hidden by a tombstone in the manifest; what lies in memory goes to tables first, and the
// tombstone comes with the edit that brings them: so its place is between what was written before
// it and what comes after.

import type { Core } from './core.ts';
import { StorageError } from './errors.ts';
import { TOMBSTONE_RUNS_MAX, TOMBSTONES_MAX } from './limits.ts';
import type { Tombstone } from './manifest/edit.ts';
import { hasSeriesWithin, runsOf, type SeriesRuns } from './series/series-runs.ts';
import { intersects } from './tag-index/postings.ts';
import { select } from './tag-index/select.ts';
import type { ScanRequest, TimeRange } from './types.ts';
import type { Generation, PendingTombstone, Version } from './version.ts';
import type { WritePath } from './write-path.ts';

export interface DeleterOptions {
  readonly core: Core;
  readonly writes: WritePath;
  /** Resolves once what is sealed now is flushed; rejects when the disk does not take it. */
  flushSealed(): Promise<void>;
  /** There is a new tombstone. */
  deleted(): void;
}

export class Deleter {
  readonly #options: DeleterOptions;
  /** Settles when the delete before has: each may seal a memtable, and memory is bounded. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: DeleterOptions) {
    this.#options = options;
  }

  /** See Storage.deletePoints. */
  delete(selectors: ScanRequest['selectors'], range: TimeRange): Promise<void> {
    const done = this.#turn.then(() => this.#delete(selectors, range));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #delete(selectors: ScanRequest['selectors'], range: TimeRange): Promise<void> {
    const { core, deleted } = this.#options;
    const { catalog, trouble, counters } = core;
    const { startMs, endMs } = range;
    if (startMs >= endMs) return;
    const ids = await this.#select(selectors);
    const tombstone = { startMs, endMs, series: runsOf(ids) };
    const isBuffered = isInMemory(catalog.version, ids, range);
    if (!isBuffered && !mayBeInTables(catalog.version, tombstone)) return;
    assertRoom(catalog.state.tombstones, tombstone.series);
    // After trouble at the start the log may hold points that tables have as well: a replay must
    // not bring them back, so that what it would begin with is flushed.
    if (isBuffered || trouble.refusal !== undefined) await this.#sealAndFlush(tombstone);
    else await this.#place(tombstone);
    counters.deletes++;
    deleted();
  }

  async #select(selectors: ScanRequest['selectors']): Promise<Uint32Array> {
    const { catalog, env } = this.#options.core;
    const version = catalog.version.retain();
    try {
      return await select(version.index, selectors, () => env.scheduler.nextTurn());
    } finally {
      version.release();
    }
  }

  /**
   * For what is in tables alone. The number is taken, and the edit asked for, in the turn in which
   * memory was found to have nothing of it: whatever is flushed with a higher number comes later.
   */
  #place(tombstone: PendingTombstone): Promise<void> {
    const { catalog } = this.#options.core;
    const sequence = catalog.takeFileNumber();
    return catalog.apply(() => ({
      addTombstones: [{ ...tombstone, sequence }],
      nextFileNumber: catalog.nextFileNumber,
    }));
  }

  async #sealAndFlush(tombstone: PendingTombstone): Promise<void> {
    const { core, writes, flushSealed } = this.#options;
    const sealed = (): readonly Generation[] => core.catalog.version.parts.sealed;
    while (sealed().length >= core.settings.memtablesSealedMax) await flushSealed();
    const generation = writes.sealAndDelete(tombstone);
    while (sealed().includes(generation)) await flushSealed();
  }
}

function isInMemory({ parts }: Version, ids: Uint32Array, range: TimeRange): boolean {
  return [...parts.sealed, parts.active]
    .filter((generation) => generation.meets(range))
    .some(
      ({ memtable, events }) =>
        intersects(ids, memtable.seriesIds()) || intersects(ids, events.seriesIds()),
    );
}

function mayBeInTables({ parts }: Version, { startMs, endMs, series }: PendingTombstone): boolean {
  return parts.windows
    .flatMap(({ tables }) => tables)
    .some(
      ({ meta }) =>
        meta.minTimestampMs < endMs &&
        meta.maxTimestampMs + (meta.stepMs ?? 0) >= startMs &&
        hasSeriesWithin(series, meta.firstSeries, meta.lastSeries),
    );
}

function assertRoom(live: ReadonlyMap<number, Tombstone>, { starts }: SeriesRuns): void {
  let runs = starts.length;
  for (const { series } of live.values()) runs += series.starts.length;
  if (live.size < TOMBSTONES_MAX && runs <= TOMBSTONE_RUNS_MAX) return;
  const message = 'too many deletes wait to be applied: clean the tombstones first, then try again';
  throw new StorageError('RESOURCE_EXHAUSTED', message);
}
