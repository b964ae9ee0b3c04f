// The writing end of the WAL. Appends gather in a group while the one before is written and
// synced: however many callers wait, one fsync serves them all, and while the disk is busy the
// next group grows.
//
// The first write or fsync that fails is the last on its segment: pages that the kernel dropped
// after a failed fsync are not there for a second one to find. Nothing is taken any more until
// `reopen` begins another segment, which its caller does once no record before is needed.

import { assert } from '../assert.ts';
import { createMarker, encodeLogHeader } from '../coding/log-format.ts';
import type { Clock, FileSystem, Scheduler, WritableFile } from '../env/env.ts';
import { StorageError, toError } from '../errors.ts';
import { fileNumbers, walDir, walPath } from '../filenames.ts';
import { refusalOf } from '../trouble.ts';
import type { WalSync } from '../types.ts';
import { WalGroup } from './group.ts';
import { NextSegment, type SegmentFile } from './next-segment.ts';
import type { WalRecord } from './record.ts';

export interface WalWriterOptions {
  /** The data directory. */
  readonly dir: string;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** When an append resolves: after a shared fsync, or once the kernel has it. */
  readonly sync: WalSync;
  /** Time from a write to its fsync with sync `interval`, ms. */
  readonly intervalMs: number;
  /** Number of the first segment, which does not exist yet. */
  readonly segment: number;
  /** A write or fsync failed with `cause`; no append is taken from before this call on. */
  readonly onFailure?: (cause: Error) => void;
  readonly onSync?: (info: { durationMs: number; bytes: number; batches: number }) => void;
}

/** A buffer that grew past this for one large group is not kept. */
const KEPT_BUFFER_BYTES_MAX = 8 * 2 ** 20;

export async function openWalWriter(options: WalWriterOptions): Promise<WalWriter> {
  await options.fs.makeDir(walDir(options.dir));
  await options.fs.syncDir(options.dir);
  return new WalWriter(options);
}

/** Made by openWalWriter. */
export class WalWriter {
  readonly #options: WalWriterOptions;
  /** Where appends go; its file is made with its first group. */
  #segment: number;
  #marker: number;
  #segmentBytes = 0;
  /** Not begun; the last one takes appends. */
  #queue: WalGroup[] = [];
  #running: Promise<void> | undefined;
  #spareBuffer: Uint8Array | undefined;
  #file: SegmentFile | undefined;
  readonly #next: NextSegment;
  /** Settles once the file before is closed. */
  #closed = Promise.resolve();
  /** Written to the open file since its last fsync. */
  #unsynced = { bytes: 0, batches: 0 };
  #cancelTimer: (() => void) | undefined;
  #failure: StorageError | undefined;
  /** A file of the current segment's number may be there, and not whole. */
  #isSpoiled = false;
  #closing: Promise<void> | undefined;
  #bytesWritten = 0;
  #syncs = 0;
  #queuedBytes = 0;

  constructor(options: WalWriterOptions) {
    this.#options = options;
    this.#segment = options.segment;
    this.#next = new NextSegment(options.dir, options.fs);
    this.#marker = this.#createMarker();
  }

  /** Bytes handed to the file system since the writer was opened. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Why nothing is acknowledged any more: a write or fsync that failed. */
  get failure(): StorageError | undefined {
    return this.#failure;
  }

  /** After a failure: the current segment cannot be reopened, the next one can. */
  get isSpoiled(): boolean {
    return this.#isSpoiled;
  }

  get syncs(): number {
    return this.#syncs;
  }

  get segment(): number {
    return this.#segment;
  }

  /** Bytes appended to the current segment, written or not. */
  get segmentBytes(): number {
    return this.#segmentBytes;
  }

  /** Bytes appended whose promise has not settled: the caller's measure for pushing back. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * Appends in the order of the calls. The record is copied before this returns. Resolves once it
   * is as durable as `sync` says; rejects with UNAVAILABLE from the first failed write on, and
   * with CLOSED after close.
   */
  append(record: WalRecord): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const group = this.#openGroup();
    const bytes = group.add(record);
    this.#segmentBytes += bytes;
    this.#queuedBytes += bytes;
    this.#start();
    return group.done;
  }

  /** Later appends go to `segment`, which becomes durable only after all of the ones before it. */
  rotate(segment: number): void {
    assert(segment > this.#segment, 'segments are numbered upwards');
    this.#turnTo(segment);
    if (this.#refusal() !== undefined) return;
    this.#openGroup();
    this.#start();
  }

  /**
   * Ends a failure: `segment`, the current one or a later one, is begun and takes appends once it
   * is written and synced. Rejects, and goes on refusing, when that fails.
   */
  async reopen(segment: number): Promise<void> {
    assert(this.#failure !== undefined, 'a log that works is not reopened');
    assert(segment >= this.#segment, 'segments are numbered upwards');
    await this.#running;
    await this.#abandonFile();
    this.#turnTo(segment);
    this.#isSpoiled = true;
    await this.#createFile(segment, this.#marker, []);
    await this.#syncFile();
    this.#isSpoiled = false;
    this.#failure = undefined;
  }

  /** Resolves once everything appended before is synced. */
  sync(): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const group = this.#openGroup();
    group.mustSync = true;
    this.#start();
    return group.done;
  }

  /**
   * Removes the files of segments below `segment`, which is at most the current one. A removal
   * that a crash undoes is made again by the next call: the manifest says where replay starts.
   */
  async removeBefore(segment: number): Promise<void> {
    assert(segment <= this.#segment, 'the current segment stays');
    const { dir, fs } = this.#options;
    for (const number of fileNumbers(await fs.list(walDir(dir)), 'wal')) {
      if (number < segment) await fs.remove(walPath(dir, number));
    }
  }

  /** Syncs what was appended and lets go of the file. Rejects when that fails. */
  close(): Promise<void> {
    if (this.#closing === undefined) this.#closing = this.#finish(this.sync());
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #refusal(): StorageError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    return this.#closing ? new StorageError('CLOSED', 'the write-ahead log is closed') : undefined;
  }

  #openGroup(): WalGroup {
    const last = this.#queue.at(-1);
    if (last?.segment === this.#segment) return last;
    const group = new WalGroup(this.#segment, this.#marker, this.#spareBuffer);
    this.#spareBuffer = undefined;
    this.#queue.push(group);
    return group;
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Whoever appends in the same turn of the event loop joins the first group.
    await undefined;
    for (let group = this.#queue.shift(); group !== undefined; group = this.#queue.shift()) {
      if (this.#failure === undefined) await this.#commit(group);
      else this.#settle(group);
    }
    this.#running = undefined;
  }

  async #commit(group: WalGroup): Promise<void> {
    try {
      if (group.segment !== this.#file?.segment) await this.#finishFile();
      if (group.records > 0) await this.#write(group);
      if (group.mustSync || this.#options.sync === 'group') await this.#syncFile();
      else if (this.#options.sync === 'interval') this.#syncLater();
      if (this.#file !== undefined) this.#next.prepare(this.#file.segment + 1);
    } catch (cause) {
      this.#failure = refusalOf(this.#options.dir, cause);
      this.#isSpoiled = true;
      this.#options.onFailure?.(toError(cause));
    }
    this.#settle(group);
  }

  #settle(group: WalGroup): void {
    this.#queuedBytes -= group.bytes.length;
    if (this.#failure === undefined) group.resolve();
    else group.reject(this.#failure);
    const buffer = group.takeBuffer();
    if (buffer.length <= KEPT_BUFFER_BYTES_MAX) this.#spareBuffer = buffer;
  }

  async #write(group: WalGroup): Promise<void> {
    if (this.#file === undefined) {
      await this.#createFile(group.segment, group.marker, [group.bytes]);
    } else await this.#writeParts(this.#file.handle, [group.bytes]);
    this.#unsynced.batches += group.records;
  }

  async #createFile(segment: number, marker: number, parts: readonly Uint8Array[]): Promise<void> {
    this.#file = await this.#next.take(segment);
    const header = encodeLogHeader('wal', segment, marker);
    await this.#writeParts(this.#file.handle, [header, ...parts]);
  }

  async #writeParts(handle: WritableFile, parts: readonly Uint8Array[]): Promise<void> {
    await handle.append(parts);
    const bytes = parts.reduce((total, part) => total + part.length, 0);
    this.#bytesWritten += bytes;
    this.#unsynced.bytes += bytes;
  }

  async #syncFile(): Promise<void> {
    if (this.#file === undefined || this.#unsynced.bytes === 0) return;
    const { clock, onSync } = this.#options;
    const startMs = clock.monotonicMs();
    const synced = this.#unsynced;
    this.#unsynced = { bytes: 0, batches: 0 };
    await this.#file.handle.sync();
    this.#syncs += 1;
    onSync?.({ durationMs: clock.monotonicMs() - startMs, ...synced });
  }

  /** Appends do not wait for the close: what the file holds is synced, whatever comes of it. */
  async #finishFile(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#syncFile();
    this.#closed = this.#file.handle.close().catch(() => undefined);
    this.#file = undefined;
  }

  /** Closing may fail as well, and changes nothing. */
  async #abandonFile(): Promise<void> {
    await this.#file?.handle.close().catch(() => undefined);
    this.#file = undefined;
    this.#unsynced = { bytes: 0, batches: 0 };
  }

  #turnTo(segment: number): void {
    this.#segment = segment;
    this.#segmentBytes = 0;
    this.#isSpoiled = false;
    this.#marker = this.#createMarker();
  }

  async #finish(synced: Promise<void>): Promise<void> {
    try {
      await synced;
    } finally {
      this.#cancelTimer?.();
      await this.#closed;
      await this.#next.discard();
      await this.#file?.handle.close();
      this.#file = undefined;
    }
  }

  #syncLater(): void {
    this.#cancelTimer ??= this.#options.scheduler.after(this.#options.intervalMs, () => {
      this.#cancelTimer = undefined;
      // A failure stays with the writer and meets the next append.
      if (this.#refusal() === undefined) void this.sync();
    });
  }

  /** Numbers are not reused, and two runs that disagree about that differ in time. */
  #createMarker(): number {
    const { clock } = this.#options;
    return createMarker([this.#segment, clock.nowMs(), clock.monotonicMs()]);
  }
}
