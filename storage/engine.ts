// The engine: one data directory, one writer. It owns the order of things; what they are is said
// in the files it is made of.

import { adoptPolicies } from './adopt-policies.ts';
import { Background } from './background.ts';
import type { Core } from './core.ts';
import { Deleter } from './deleter.ts';
import type { FileLock } from './env/env.ts';
import { StorageError } from './errors.ts';
import type { EventBatch, EventScanRequest, EventSearch, StoredEvent } from './event-types.ts';
import { flushOldest } from './flush.ts';
import { Forgetter } from './forgetting.ts';
import { tellFailure } from './listener.ts';
import { createMending } from './mending.ts';
import { createReading, type Reading } from './reading.ts';
import { withReserve } from './reserve.ts';
import { Roller } from './rollups/roller.ts';
import type { SeriesSlice, SliceRequest } from './slice-types.ts';
import { Snapshotter } from './snapshot/snapshotter.ts';
import { statsOf } from './stats.ts';
import type {
  Cardinality,
  Census,
  CompactDueOptions,
  CompactionOutcome,
  Labels,
  Matcher,
  PointBatch,
  Policy,
  PolicySet,
  RollupOptions,
  RollupOutcome,
  ScanRequest,
  SeriesId,
  SeriesPoints,
  SnapshotInfo,
  SnapshotOptions,
  Storage,
  StorageStats,
  TimeRange,
  WindowInfo,
} from './types.ts';
import { Upkeep } from './upkeep.ts';
import type { WalWriter } from './wal/writer.ts';
import { createWatch, type Watch } from './watch.ts';
import { dropWindows, mayBeInMemory, windowsOf } from './windows/windows.ts';
import { WritePath } from './write-path.ts';

/** Made by openStorage. */
export class Engine implements Storage {
  readonly writes: WritePath;
  readonly #core: Core;
  readonly #wal: WalWriter;
  readonly #lock: FileLock;
  readonly #reading: Reading;
  readonly #flushing: Background;
  readonly #upkeep: Upkeep;
  readonly #forgetter: Forgetter;
  readonly #deleter: Deleter;
  readonly #roller: Roller;
  readonly #mending: Background;
  readonly #snapshots: Snapshotter;
  readonly #watch: Watch;
  #closing: Promise<void> | undefined;

  constructor(core: Core, wal: WalWriter, lock: FileLock) {
    const { env, settings } = core;
    this.#core = core;
    this.#wal = wal;
    this.#lock = lock;
    const assertOpen = () => this.#assertOpen();
    this.#reading = createReading(core, assertOpen);
    this.#snapshots = new Snapshotter({ core, assertOpen, flushAll: () => this.#flushAll() });
    const failed = (error: Error) => tellFailure(settings.listener, error);
    this.#upkeep = new Upkeep({ core, merged: () => this.writes.retryWaiting(), failed });
    this.#flushing = new Background({
      scheduler: env.scheduler,
      step: () => this.#flushStep(),
      failed: (error) => {
        failed(error);
        this.writes.retryWaiting();
      },
    });
    this.writes = new WritePath({
      ...core,
      wal,
      onSealed: () => this.#flushing.kick(),
      debt: () => this.#upkeep.debt,
    });
    this.#deleter = new Deleter({
      core,
      writes: this.writes,
      flushSealed: () => this.#flushing.finish(),
      deleted: () => this.#upkeep.kick(),
    });
    this.#roller = new Roller(core, () => this.#upkeep.kick());
    this.#forgetter = new Forgetter(core, this.writes, failed);
    this.#mending = createMending({
      core,
      wal,
      writes: this.writes,
      lock,
      flushAll: () => this.#flushAll(),
      mended: () => {
        this.writes.retryWaiting();
        this.#upkeep.kick();
      },
      failed,
    });
    this.#watch = createWatch(core, lock, failed);
  }

  /** Part of openStorage: a disk that takes no writes is served from all the same. */
  async begin(): Promise<void> {
    this.#core.trouble.watch(() => {
      this.#mending.kick();
      this.writes.retryWaiting();
    });
    this.#flushing.kick();
    await this.#mending.finish().catch(() => undefined);
    this.#watch.begin();
    this.#upkeep.kick();
    this.#forgetter.kick();
  }

  resolve(
    labelSets: readonly Labels[],
    admit: (position: number) => boolean = () => true,
  ): Uint32Array | Promise<Uint32Array> {
    this.#assertOpen();
    return this.#core.series.resolve(labelSets, admit);
  }

  findInUse(bytes: Uint8Array, length: number): SeriesId {
    return this.#core.series.findInUse(bytes, length);
  }

  renew(id: SeriesId): boolean {
    return this.#core.series.renew(id);
  }

  holdSeries(ids: () => Iterable<SeriesId>): () => void {
    return this.#forgetter.hold(ids);
  }

  policyOf(id: SeriesId): number | undefined {
    return this.#core.series.policyOf(id);
  }

  labelsOf(id: SeriesId): Labels | undefined {
    return this.#core.series.labelsInUse(id);
  }

  load(ids: Uint32Array): Promise<void> | undefined {
    this.#assertOpen();
    return this.#core.series.bringIntoUse(ids);
  }

  get policies(): readonly Policy[] {
    return this.#core.series.policies.policies;
  }

  get seriesCount(): number {
    return this.#core.series.count;
  }

  append(batch: PointBatch): Promise<void> {
    this.#assertOpen();
    return this.writes.append(batch);
  }

  appendEvents(batch: EventBatch): Promise<void> {
    this.#assertOpen();
    return this.writes.appendEvents(batch);
  }

  scan(request: ScanRequest): AsyncIterable<readonly SeriesPoints[]> {
    return this.#reading.scan(request);
  }

  scanSlices(request: SliceRequest): AsyncIterable<SeriesSlice> {
    return this.#reading.scanSlices(request);
  }

  scanEvents(request: EventScanRequest): AsyncIterable<readonly StoredEvent[]> {
    return this.#reading.scanEvents(request);
  }

  findEvents(search: EventSearch): Promise<readonly StoredEvent[]> {
    return this.#reading.findEvents(search);
  }

  series(selectors: ScanRequest['selectors'], range?: TimeRange): Promise<readonly Labels[]> {
    return this.#reading.series(selectors, range);
  }

  labelNames(selectors?: ScanRequest['selectors'], range?: TimeRange): Promise<readonly string[]> {
    return this.#reading.labelNames(selectors, range);
  }

  labelValues(
    name: string,
    selectors?: ScanRequest['selectors'],
    range?: TimeRange,
  ): Promise<readonly string[]> {
    return this.#reading.labelValues(name, selectors, range);
  }

  cardinality(top: number): Promise<Cardinality> {
    return this.#reading.cardinality(top);
  }

  census(matchers: readonly Matcher[], sampleMax: number): Promise<Census> {
    return this.#reading.census(matchers, sampleMax);
  }

  async deletePoints(selectors: ScanRequest['selectors'], range: TimeRange): Promise<void> {
    this.#assertOpen();
    await this.#deleter.delete(selectors, range);
  }

  async cleanTombstones(): Promise<void> {
    this.#assertOpen();
    // A tier that was not told of a delete keeps it from being done with.
    await this.#roller.followDeletes();
    await this.#upkeep.cleanTombstones();
    this.#forgetter.pointsGone();
  }

  windows(): readonly WindowInfo[] {
    return windowsOf(this.#core.catalog.state);
  }

  async dropWindows(keys: readonly string[]): Promise<readonly WindowInfo[]> {
    this.#assertOpen();
    // Expiry goes on when the disk does not let memory be flushed: what is there of the windows
    // comes back with its flush, to be dropped by the next sweep.
    if (mayBeInMemory(this.#core, keys)) await this.#flushAll().catch(() => undefined);
    const safe = await this.#roller.secured(keys);
    const dropped = await withReserve(this.#core, () => dropWindows(this.#core, safe));
    await this.#core.catalog.unlinked();
    // Only then: looking for series without a point reads every table that is left.
    if (dropped.length > 0) this.#forgetter.pointsGone();
    return dropped;
  }

  rollUp(options: RollupOptions = {}): Promise<RollupOutcome> {
    this.#assertOpen();
    return this.#roller.rollUp(options);
  }

  async setPolicies(policies: PolicySet): Promise<void> {
    this.#assertOpen();
    await adoptPolicies(this.#core, policies);
  }

  async flush(): Promise<void> {
    this.#assertOpen();
    await this.#flushAll();
  }

  async compact(): Promise<void> {
    this.#assertOpen();
    await this.#upkeep.compact();
  }

  compactDue(options: CompactDueOptions = {}): Promise<CompactionOutcome> {
    this.#assertOpen();
    return this.#upkeep.compactDue(options);
  }

  snapshot(dir: string, options: SnapshotOptions = {}): Promise<SnapshotInfo> {
    this.#assertOpen();
    return this.#snapshots.make(dir, options);
  }

  stats(): StorageStats {
    return statsOf(this.#core, this.#wal, this.writes, this.#upkeep.debt, this.#watch);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StorageError('CLOSED', 'the storage is closed');
  }

  async #flushStep(): Promise<boolean> {
    const { trouble } = this.#core;
    // A directory that is gone would be made anew, with nothing else in it.
    const isGone = trouble.kind === 'directory-gone' && !(await this.#lock.isHeld());
    if (isGone) throw trouble.refusal!;
    if (!(await withReserve(this.#core, () => flushOldest(this.#core)))) return false;
    this.writes.retryWaiting();
    this.#upkeep.kick();
    await this.#wal.removeBefore(this.#core.catalog.state.walSegment);
    return true;
  }

  /** What is sealed later, by writes that go on, is not waited for. */
  async #flushAll(): Promise<void> {
    const { catalog } = this.#core;
    this.writes.seal();
    const last = catalog.version.parts.sealed.at(-1);
    const isOwed = () => last !== undefined && catalog.version.parts.sealed.includes(last);
    while (isOwed()) await this.#flushing.finish();
  }

  async #close(): Promise<void> {
    this.writes.shut(new StorageError('CLOSED', 'the storage is closing'));
    this.#core.io.close();
    try {
      await this.#flushAll();
      await this.#stopWork();
      // All is in tables: a log that failed has nothing more to say.
      if (this.#wal.failure === undefined) await this.#wal.close();
      const { catalog, series } = this.#core;
      await catalog.apply(() => ({ clean: true, nextSeriesId: series.nextId }));
    } finally {
      await this.#letGo();
    }
  }

  async #stopWork(): Promise<void> {
    await this.#snapshots.settled();
    await this.#watch.stop();
    await this.#mending.stop();
    await this.#forgetter.stop();
    await this.#roller.stop();
    await this.#upkeep.stop();
    await this.#flushing.stop();
  }

  /** Whatever failed before: what could not be flushed is in the WAL, synced if it can be. */
  async #letGo(): Promise<void> {
    try {
      await this.#stopWork();
      await this.#wal.close().catch(() => undefined);
      await this.#core.catalog.close();
    } finally {
      await this.#lock.release();
    }
  }
}
