// The way of a write: one WAL record, then the memtable, and the answer once the WAL is durable. A
// full memtable is sealed together with the series registered meanwhile, and the WAL moves on to a
// new segment in the same step, so that a segment holds parts of one generation only.

import { bytesAt } from './coding/byte-column.ts';
import type { Core } from './core.ts';
import { isOutOfSpace, StorageError } from './errors.ts';
import type { EventBatch } from './event-types.ts';
import { EVENT_COLUMN_BYTES, memoryBytesOf, sliceEvents } from './events/event-columns.ts';
import { EVENT_RECORD_BYTES } from './limits.ts';
import { largestId } from './memtable.ts';
import type { SeriesId } from './series/labels.ts';
import type { LabelsKey } from './series/labels-key.ts';
import type { PointBatch } from './types.ts';
import { Generation, type PendingTombstone } from './version.ts';
import type { NewSeries, WalRecord } from './wal/record.ts';
import type { WalWriter } from './wal/writer.ts';
import { WriteBrake } from './write-brake.ts';
import { WriteRoom } from './write-room.ts';

/** Points in one WAL record; a larger batch becomes several. */
const RECORD_POINTS_MAX = 2 ** 18;

/** A series on its way out; `key` is its labels', and good as long as the entry. */
export interface ForgottenEntry {
  readonly key: LabelsKey;
  readonly id: SeriesId;
  /** Whether the labels stand for this series, and for no newer one. */
  readonly isCurrent: boolean;
}

export type WritePathOptions = Pick<
  Core,
  'env' | 'settings' | 'catalog' | 'series' | 'memtables' | 'trouble'
> & {
  readonly wal: WalWriter;
  /** A generation was sealed and waits for its flush. */
  onSealed(): void;
  /** Tables in the window that waits most to be merged. */
  debt(): number;
};

export class WritePath {
  readonly #options: WritePathOptions;
  readonly #room: WriteRoom;
  readonly #brake: WriteBrake;
  #cancelAgeTimer: (() => void) | undefined;
  #shut: Error | undefined;
  #pointsAppended = 0;
  #eventsAppended = 0;
  #batchesAppended = 0;
  readonly #refusals = { diskFull: 0, diskFailing: 0, flushBehind: 0 };

  constructor(options: WritePathOptions) {
    this.#options = options;
    this.#room = new WriteRoom(options.env, options.settings.writeWaitMsMax);
    this.#brake = new WriteBrake({
      scheduler: options.env.scheduler,
      slowDebt: options.settings.windowLimits.tablesMax,
      stopDebt: options.settings.stopTables,
      released: () => this.retryWaiting(),
    });
    if (!this.#active.isEmpty) this.#startAgeTimer();
  }

  /** Events included. */
  get pointsAppended(): number {
    return this.#pointsAppended;
  }

  get eventsAppended(): number {
    return this.#eventsAppended;
  }

  /** Time in which appends waited for room, ms. */
  get stallMs(): number {
    return this.#room.stallMs;
  }

  get batchesAppended(): number {
    return this.#batchesAppended;
  }

  /** Appends that were refused, by reason. */
  get refusals(): Readonly<Record<'diskFull' | 'diskFailing' | 'flushBehind', number>> {
    return this.#refusals;
  }

  /** See Storage.append. */
  append(batch: PointBatch): Promise<void> {
    return this.#append(batch.ids.length, pointPieces(batch, this.#active.memtable.capacity));
  }

  /** See Storage.appendEvents. */
  async appendEvents(batch: EventBatch): Promise<void> {
    await this.#append(batch.ids.length, eventPieces(batch));
    this.#eventsAppended += batch.ids.length;
  }

  async #append(count: number, pieces: Iterator<Piece>): Promise<void> {
    try {
      await this.#appendPieces(count, pieces);
    } catch (error) {
      this.#countRefusal(error);
      throw error;
    }
    this.#batchesAppended++;
    this.#pointsAppended += count;
  }

  async #appendPieces(count: number, pieces: Iterator<Piece>): Promise<void> {
    const durable: Promise<void>[] = [];
    let next = pieces.next();
    // In the order of the calls: of two that write the same point, the later one wins.
    await this.#room.enter(() => {
      if (this.#brake.isHeld) return false;
      for (; next.done !== true; next = pieces.next()) {
        this.assertWritable();
        this.#options.series.assertKnown(idsOf(next.value));
        if (!this.#makeRoom(next.value)) return false;
        durable.push(this.#appendPiece(next.value));
      }
      this.#brake.passed(count, this.#options.debt());
      return true;
    });
    await Promise.all(durable);
  }

  #countRefusal(error: unknown): void {
    if (!(error instanceof StorageError)) return;
    if (error.code === 'RESOURCE_EXHAUSTED') this.#refusals.flushBehind++;
    if (error.code !== 'UNAVAILABLE') return;
    if (isOutOfSpace(error)) this.#refusals.diskFull++;
    else this.#refusals.diskFailing++;
  }

  /** Writes new series ahead of the points that use them. Throws CLOSED once shut. */
  register(entries: readonly NewSeries[]): void {
    if (this.#shut !== undefined) throw this.#shut;
    const { newSeries } = this.#active;
    for (const { id, key } of entries) newSeries.add(key, id);
    // A failure sticks to the WAL: it meets the points that follow.
    this.#options.wal.append({ kind: 'series', entries }).catch(() => undefined);
    this.#startAgeTimer();
  }

  /**
   * Notes that series are no more, each with the key of its labels and whether they stand for it.
   * False, and nothing is noted, when memory has no room for that now.
   */
  forget(entries: readonly ForgottenEntry[]): boolean {
    if (this.#shut !== undefined) return false;
    if (this.#isFullOfSeries && !this.#turnOver()) return false;
    const { newSeries } = this.#active;
    for (const { key, id, isCurrent } of entries) newSeries.forget(key, id, isCurrent);
    this.#startAgeTimer();
    return true;
  }

  /** Throws when writes are refused: what cannot be acknowledged must not pile up in memory. */
  assertWritable(): void {
    const { refusal } = this.#options.trouble;
    if (refusal !== undefined) throw refusal;
  }

  /** Seals what is in memory, if there is anything. */
  seal(): void {
    if (!this.#active.isEmpty) this.#seal();
  }

  /** Seals what is in memory, be it nothing, and deletes of it and of what is older. */
  sealAndDelete(tombstone: PendingTombstone): Generation {
    const generation = this.#active;
    generation.tombstone = tombstone;
    this.#seal();
    return generation;
  }

  #seal(): void {
    const { catalog, wal, memtables, onSealed } = this.#options;
    const { active, sealed } = catalog.version.parts;
    this.#cancelAgeTimer?.();
    this.#cancelAgeTimer = undefined;
    // Numbers of segments have no gap, so that one that is missing is missed.
    const segment = wal.segmentBytes > 0 ? wal.segment + 1 : wal.segment;
    if (segment > wal.segment) wal.rotate(segment);
    catalog.setMemory(new Generation(memtables, segment), [...sealed, active]);
    onSealed();
  }

  /** After a failure of the WAL: nothing in memory stays bound to a segment that may be torn. */
  abandonSegment(): void {
    this.seal();
    const { catalog, wal, memtables } = this.#options;
    if (!wal.isSpoiled) return;
    wal.rotate(wal.segment + 1);
    catalog.setMemory(new Generation(memtables, wal.segment), catalog.version.parts.sealed);
  }

  /** There is room, or no hope of it: those who wait try again. */
  retryWaiting(): void {
    this.#room.open();
  }

  /** Nothing more is taken; those who wait are told why. */
  shut(error: Error): void {
    this.#shut = error;
    this.#cancelAgeTimer?.();
    this.#room.shut(error);
  }

  get #active(): Generation {
    return this.#options.catalog.version.parts.active;
  }

  get #isFullOfSeries(): boolean {
    return this.#active.newSeries.memoryBytes > this.#options.settings.memtableBytesMax;
  }

  /** False when the memtable is full and as many as may wait for their flush already do. */
  #makeRoom(piece: Piece): boolean {
    const fits =
      piece.kind === 'points'
        ? this.#active.fitsPoints(piece.batch.ids.length, largestId(piece.batch.ids))
        : this.#active.fitsEvents(memoryBytesOf(piece.events));
    return (fits && !this.#isFullOfSeries) || this.#turnOver();
  }

  /** Seals what is full, if one more may wait for its flush. */
  #turnOver(): boolean {
    const { settings, catalog } = this.#options;
    if (catalog.version.parts.sealed.length >= settings.memtablesSealedMax) return false;
    if (this.#options.debt() >= settings.stopTables) return false;
    this.seal();
    return true;
  }

  #appendPiece(piece: Piece): Promise<void> {
    const durable = this.#options.wal.append(piece);
    if (piece.kind === 'events') this.#active.events.append(piece.events);
    else {
      const { ids, timestampsMs, values } = piece.batch;
      this.#active.memtable.append(ids, timestampsMs, values, 0, ids.length);
    }
    this.#startAgeTimer();
    return durable;
  }

  /** Points do not stay in memory for ever, however few come. */
  #startAgeTimer(): void {
    const { env, settings } = this.#options;
    this.#cancelAgeTimer ??= env.scheduler.after(settings.memtableAgeMsMax, () => {
      this.#cancelAgeTimer = undefined;
      this.seal();
    });
  }
}

/** What one WAL record takes of a batch. */
type Piece = Exclude<WalRecord, { kind: 'series' }>;

function idsOf(piece: Piece): Uint32Array {
  return piece.kind === 'points' ? piece.batch.ids : piece.events.ids;
}

function* pointPieces(batch: PointBatch, capacity: number): Generator<Piece, void, void> {
  const count = batch.ids.length;
  const pieceMax = Math.min(RECORD_POINTS_MAX, capacity);
  if (count > 0 && count <= pieceMax) yield { kind: 'points', batch };
  if (count <= pieceMax) return;
  for (let from = 0; from < count; from += pieceMax) {
    yield { kind: 'points', batch: slice(batch, from, Math.min(count, from + pieceMax)) };
  }
}

function* eventPieces(batch: EventBatch): Generator<Piece, void, void> {
  const { ids, bodies, attributes } = batch;
  for (let from = 0, to = 0, bytes = 0; to < ids.length; from = to, bytes = 0) {
    while (to < ids.length && bytes < EVENT_RECORD_BYTES) {
      bytes += bytesAt(bodies, to).length + bytesAt(attributes, to).length + EVENT_COLUMN_BYTES;
      to++;
    }
    const isWhole = from === 0 && to === ids.length;
    yield { kind: 'events', events: isWhole ? batch : sliceEvents(batch, from, to) };
  }
}

function slice(batch: PointBatch, from: number, to: number): PointBatch {
  return {
    ids: batch.ids.subarray(from, to),
    timestampsMs: batch.timestampsMs.subarray(from, to),
    values: batch.values.subarray(from, to),
  };
}
