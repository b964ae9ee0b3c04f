// Forgets series that nothing has a point or an event of any more: no table, no memtable, and
// nobody who may be about to write one. It is looked for after windows were dropped, and after a
// start, off the way of writes; a series is a bit in memory meanwhile, and one table's series are
// read at a time.
//
// What is promised: a point is never under an id whose labels are gone. The last look, at the
// memtables and at tables that came meanwhile, and the tombstone are one turn; an append that comes
// later with the id is refused (SeriesDirectory.assertKnown).

import { Background } from './background.ts';
import type { Core } from './core.ts';
import { CorruptionError } from './errors.ts';
import { IdSet } from './series/id-set.ts';
import type { SeriesId } from './series/labels.ts';
import { createLabelsKeys, keptKey } from './series/labels-key.ts';
import { seriesIdsOf } from './table-access.ts';
import { allSeries } from './tag-index/lookup.ts';
import { findSeries, labelsOf } from './tag-index/reader.ts';
import type { TableFile, Version } from './version.ts';
import type { ForgottenEntry, WritePath } from './write-path.ts';

/** Series whose labels are read, and whose tombstones are set, in one turn. */
const SERIES_PER_TURN = 1000;
/** For so few series a table's filter is asked before its set of series is read. */
const FILTER_IDS_MAX = 64;
/** Series that somebody holds on to are looked for again this seldom in the end. */
const WAIT_MS_MAX = 3_600_000;
const LOOK_MS_MIN = 1000;

export class Forgetter {
  readonly #core: Core;
  readonly #writes: WritePath;
  readonly #holders = new Set<() => Iterable<SeriesId>>();
  readonly #keyOf = createLabelsKeys();
  /** A crash may have come between a drop and the tombstones: there is a look to be had. */
  #isOwed = true;
  #waitMs = 0;
  #nextLookMs = 0;
  #turnedMs: number;

  readonly #looking: Background;

  constructor(core: Core, writes: WritePath, failed: (error: Error) => void) {
    this.#core = core;
    this.#writes = writes;
    this.#turnedMs = core.env.clock.monotonicMs();
    this.#looking = new Background({
      scheduler: core.env.scheduler,
      step: () => this.#step(),
      failed,
      lookAgainMs: Math.max(LOOK_MS_MIN, core.settings.forgetGraceMs),
    });
  }

  /** Looks for what is owed. */
  kick(): void {
    this.#looking.kick();
  }

  /** Points are gone, and with them, it may be, the last ones of some series. */
  pointsGone(): void {
    this.#isOwed = true;
    this.#waitMs = 0;
    this.#nextLookMs = 0;
    this.kick();
  }

  stop(): Promise<void> {
    return this.#looking.stop();
  }

  /** See Storage.holdSeries. */
  hold(ids: () => Iterable<SeriesId>): () => void {
    this.#holders.add(ids);
    return () => void this.#holders.delete(ids);
  }

  /** Looks once, if that is owed. Always false: whatever was left has to wait. */
  async #step(): Promise<false> {
    const { trouble, env, settings } = this.#core;
    const nowMs = env.clock.monotonicMs();
    if (!this.#isOwed || nowMs < this.#nextLookMs || trouble.refusal !== undefined) return false;
    this.#isOwed = false;
    this.#turnResolved(nowMs);
    try {
      if (!(await this.#look())) this.#isOwed = true;
    } catch (error) {
      // A damaged block of the index tells no more the next time.
      if (!(error instanceof CorruptionError)) {
        this.#isOwed = true;
        throw error;
      }
      settings.listener.corruption?.(error);
    }
    // What somebody holds on to may be held for long.
    this.#waitMs = Math.min(WAIT_MS_MAX, Math.max(settings.forgetGraceMs, this.#waitMs * 2));
    this.#nextLookMs = nowMs + this.#waitMs;
    return false;
  }

  #turnResolved(nowMs: number): void {
    if (nowMs - this.#turnedMs < this.#core.settings.forgetGraceMs) return;
    this.#turnedMs = nowMs;
    this.#core.series.turnResolved();
  }

  /** Whether every series without a point is forgotten now. */
  async #look(): Promise<boolean> {
    const { catalog } = this.#core;
    const candidates = new IdSet(await this.#readIndex(({ index }) => allSeries(index)));
    for (const { memtable, events } of memoriesOf(catalog.version)) {
      for (const id of memtable.seriesIds()) candidates.delete(id);
      for (const id of events.seriesIds()) candidates.delete(id);
    }
    const looked = new Set<number>();
    await this.#ruleOut(candidates, looked);
    const held = this.#heldSeries();
    const ids = candidates.toArray();
    let isDone = catalog.leaving.length === 0;
    for (let from = 0; from < ids.length; from += SERIES_PER_TURN) {
      const some = ids.subarray(from, from + SERIES_PER_TURN);
      if (!(await this.#forgetSome(some, candidates, looked, held))) isDone = false;
      await this.#core.env.scheduler.nextTurn();
    }
    return isDone;
  }

  /** Takes out of `candidates` what a table has that was not `looked` at yet. */
  async #ruleOut(candidates: IdSet, looked: Set<number>): Promise<void> {
    const { env } = this.#core;
    for (;;) {
      // Newest first: most series have points there, and those with none are few then.
      const files = this.#unlooked(looked).sort((a, b) => b.meta.sequence - a.meta.sequence);
      if (files.length === 0) return;
      for (const file of files) file.retain();
      try {
        for (const file of files) {
          await this.#ruleOutTable(candidates, file);
          looked.add(file.meta.number);
          await env.scheduler.nextTurn();
        }
      } finally {
        for (const file of files) file.release();
      }
    }
  }

  /** Those that only a scan still reads count too: it will ask for the labels of their series. */
  #unlooked(looked: ReadonlySet<number>): TableFile[] {
    const { version, leaving } = this.#core.catalog;
    const files = version.parts.windows.flatMap(({ tables }) => tables);
    return [...files, ...leaving].filter(({ meta }) => !looked.has(meta.number));
  }

  async #ruleOutTable(candidates: IdSet, file: TableFile): Promise<void> {
    if (candidates.size === 0) return;
    const { firstSeries, lastSeries } = file.meta;
    if (candidates.size <= FILTER_IDS_MAX) {
      const table = await file.reader().catch(() => undefined);
      const isIn = (id: SeriesId) =>
        id >= firstSeries && id <= lastSeries && table?.mayContain(id) !== false;
      if (!candidates.toArray().some(isIn)) return;
    }
    const ids = await seriesIdsOf(file, this.#core);
    for (const id of ids ?? []) candidates.delete(id);
    if (ids !== undefined) return;
    // What a damaged table has is not known: all that it may have.
    for (let id = firstSeries; id <= lastSeries; id++) candidates.delete(id);
  }

  #heldSeries(): IdSet {
    const held = new IdSet();
    for (const ids of this.#holders) for (const id of ids()) held.add(id);
    return held;
  }

  /** Whether all of `ids` that are candidates to the end are forgotten now. */
  async #forgetSome(
    ids: Uint32Array,
    candidates: IdSet,
    looked: Set<number>,
    held: IdSet,
  ): Promise<boolean> {
    for (;;) {
      const version = this.#core.catalog.version.retain();
      try {
        const entries = await this.#describe(version, ids);
        // Memtables and index may have moved on, and tables come with them.
        const isNow = this.#core.catalog.version === version;
        if (isNow && this.#unlooked(looked).length === 0) {
          return this.#forgetNow(entries, candidates, held);
        }
      } finally {
        version.release();
      }
      await this.#ruleOut(candidates, looked);
    }
  }

  /** A series without labels, lost to damage, can leave no tombstone and is left out. */
  async #describe(version: Version, ids: Uint32Array): Promise<ForgottenEntry[]> {
    const labels = await labelsOf(version.index, ids);
    const entries: ForgottenEntry[] = [];
    for (const [i, id] of ids.entries()) {
      const ofSeries = labels[i];
      if (ofSeries === undefined) continue;
      const key = keptKey(this.#keyOf(ofSeries));
      entries.push({ id, key, isCurrent: (await findSeries(version.index, key)) === id });
    }
    return entries;
  }

  /** Nothing is awaited from the last look on. */
  #forgetNow(entries: readonly ForgottenEntry[], candidates: IdSet, held: IdSet): boolean {
    const { catalog, series, counters } = this.#core;
    const memories = memoriesOf(catalog.version);
    const isInMemory = (id: SeriesId) =>
      memories.some(({ memtable, events }) => memtable.has(id) || events.has(id));
    const idle = entries.filter(({ id }) => candidates.has(id) && !isInMemory(id));
    const gone = idle.filter(({ id }) => !held.has(id) && !series.wasResolved(id));
    if (!this.#writes.forget(gone)) return false;
    for (const { id } of gone) series.forget(id);
    counters.seriesForgotten += gone.length;
    return gone.length === idle.length;
  }

  async #readIndex<T>(question: (version: Version) => Promise<T>): Promise<T> {
    const version = this.#core.catalog.version.retain();
    try {
      return await question(version);
    } finally {
      version.release();
    }
  }
}

function memoriesOf({ parts: { active, sealed } }: Version) {
  return [active, ...sealed];
}
