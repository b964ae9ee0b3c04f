// The engine: one data directory, one writer. It owns the order of things; what they are is said
// in the files it is made of.

import { Background } from './background.ts';
import type { Cardinality } from './cardinality-types.ts';
import type { Core } from './core.ts';
import { Deleter } from './deleter.ts';
import type { Env, FileLock } from './env/env.ts';
import { StorageError } from './errors.ts';
import type { EventBatch, EventScanRequest, EventSearch, StoredEvent } from './event-types.ts';
import { flushOldest } from './flush.ts';
import { createMending } from './mending.ts';
import { type Settings, settle } from './options.ts';
import { assignPolicyIds } from './policies.ts';
import { createReading, type Reading } from './reading.ts';
import { lockDirectory, recover } from './recovery.ts';
import { withReserve } from './reserve.ts';
import { statsOf } from './stats.ts';
import type {
  Labels,
  PointBatch,
  Policy,
  PolicySet,
  ScanRequest,
  SeriesId,
  SeriesPoints,
  Storage,
  StorageOptions,
  StorageStats,
  TimeRange,
  WindowInfo,
} from './types.ts';
import { Upkeep } from './upkeep.ts';
import { openWalWriter, type WalWriter } from './wal/writer.ts';
import { dropWindows, mayBeInMemory, windowsOf } from './windows/windows.ts';
import { WritePath } from './write-path.ts';

/**
 * Opens the data directory `dir`, made if absent, and brings it to its last durable state. Throws
 * StorageError: LOCKED when another process has it, CORRUPTION when what it stands on is damaged.
 */
export async function openStorage(
  dir: string,
  env: Env,
  options: StorageOptions = {},
): Promise<Storage> {
  const settings = settle(options);
  const lock = await lockDirectory(dir, env);
  try {
    return await start(dir, env, settings, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function start(dir: string, env: Env, settings: Settings, lock: FileLock): Promise<Storage> {
  let engine: Engine | undefined;
  const { core, nextWalSegment, info } = await recover(dir, env, settings, {
    assertWritable: () => engine!.writes.assertWritable(),
    register: (entries, keys) => engine!.writes.register(entries, keys),
  });
  const wal = await openWalWriter({
    dir,
    fs: env.fs,
    clock: env.clock,
    scheduler: env.scheduler,
    sync: settings.walSync,
    intervalMs: settings.walIntervalMs,
    segment: nextWalSegment,
    onFailure: (cause) => core.trouble.report(cause),
    onSync: (sync) => settings.listener.walSynced?.(sync),
  });
  engine = new Engine(core, wal, lock);
  await engine.begin();
  settings.listener.recovered?.(info);
  return engine;
}

class Engine implements Storage {
  readonly writes: WritePath;
  readonly #core: Core;
  readonly #wal: WalWriter;
  readonly #lock: FileLock;
  readonly #reading: Reading;
  readonly #flushing: Background;
  readonly #upkeep: Upkeep;
  readonly #deleter: Deleter;
  readonly #mending: Background;
  #closing: Promise<void> | undefined;

  constructor(core: Core, wal: WalWriter, lock: FileLock) {
    const { env, settings } = core;
    this.#core = core;
    this.#wal = wal;
    this.#lock = lock;
    this.#reading = createReading(core, () => this.#assertOpen());
    const failed = (error: Error) => {
      // Work that close() cut short has not failed.
      const isClosed = error instanceof StorageError && error.code === 'CLOSED';
      if (!isClosed) settings.listener.backgroundError?.(error);
    };
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
    this.#mending = createMending({
      core,
      wal,
      writes: this.writes,
      flushAll: () => this.#flushAll(),
      mended: () => {
        this.writes.retryWaiting();
        this.#upkeep.kick();
      },
      failed,
    });
  }

  /** Part of openStorage: a disk that takes no writes is served from all the same. */
  async begin(): Promise<void> {
    this.#core.trouble.watch(() => {
      this.#mending.kick();
      this.writes.retryWaiting();
    });
    this.#flushing.kick();
    await this.#mending.finish().catch(() => undefined);
    this.#upkeep.kick();
  }

  resolve(
    labelSets: readonly Labels[],
    admit: (position: number) => boolean = () => true,
  ): Uint32Array | Promise<Uint32Array> {
    this.#assertOpen();
    return this.#core.series.resolve(labelSets, admit);
  }

  policyOf(id: SeriesId): number {
    return this.#core.series.policyOf(id);
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

  async deletePoints(selectors: ScanRequest['selectors'], range: TimeRange): Promise<void> {
    this.#assertOpen();
    await this.#deleter.delete(selectors, range);
  }

  async cleanTombstones(): Promise<void> {
    this.#assertOpen();
    await this.#upkeep.cleanTombstones();
  }

  windows(): readonly WindowInfo[] {
    return windowsOf(this.#core.catalog.state);
  }

  async dropWindows(keys: readonly string[]): Promise<readonly WindowInfo[]> {
    this.#assertOpen();
    // Expiry goes on when the disk does not let memory be flushed: what is there of the windows
    // comes back with its flush, to be dropped by the next sweep.
    if (mayBeInMemory(this.#core, keys)) await this.#flushAll().catch(() => undefined);
    return withReserve(this.#core, () => dropWindows(this.#core, keys));
  }

  async setPolicies(policies: PolicySet): Promise<void> {
    this.#assertOpen();
    const { catalog, series } = this.#core;
    let policyIds: readonly number[] = [];
    await catalog.apply((state) => {
      const { ids, changes } = assignPolicyIds(policies.policies, state.policies.values());
      policyIds = ids;
      return changes.length > 0 ? { policies: changes } : undefined;
    });
    series.setPolicies(policies, policyIds);
  }

  async flush(): Promise<void> {
    this.#assertOpen();
    await this.#flushAll();
  }

  async compact(): Promise<void> {
    this.#assertOpen();
    await this.#upkeep.compact();
  }

  stats(): StorageStats {
    return statsOf(this.#core, this.#wal, this.writes, this.#upkeep.debt);
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
    await this.#mending.stop();
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
