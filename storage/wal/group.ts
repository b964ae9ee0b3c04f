// Records that share one write and one fsync, encoded back to back as frames in one buffer.

import { assert } from '../assert.ts';
import { FRAME_HEADER_BYTES, frameEnd, sealFrame } from '../coding/log-format.ts';
import { WAL_RECORD_BYTES_MAX } from '../limits.ts';
import { encodeEvents } from './event-record.ts';
import { encodePoints, encodeSeries, pointsBytesMax, type WalRecord } from './record.ts';

const CAPACITY_BYTES = 256 * 1024;

export class WalGroup {
  readonly segment: number;
  readonly marker: number;
  /** Settles once the group is as durable as was asked for. */
  readonly done: Promise<void>;
  /** Asks for an fsync whatever the mode of the writer. */
  mustSync = false;
  #records = 0;
  #buffer: Uint8Array;
  #length = 0;
  #settle!: { resolve: () => void; reject: (error: Error) => void };

  /** `buffer` is memory to start with; the group owns it until `takeBuffer`. */
  constructor(segment: number, marker: number, buffer?: Uint8Array) {
    this.segment = segment;
    this.marker = marker;
    this.#buffer = buffer ?? new Uint8Array(CAPACITY_BYTES);
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // A failure reaches whoever waits; that nobody does is no reason to end the process.
    this.done.catch(() => {});
  }

  get records(): number {
    return this.#records;
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Copies `record` in, and returns how many bytes it took. */
  add(record: WalRecord): number {
    const offset = this.#length;
    const length = this.#addRecord(record, offset);
    this.#length = sealFrame(this.#buffer, offset, length, this.marker);
    this.#records += 1;
    return this.#length - offset;
  }

  resolve(): void {
    this.#settle.resolve();
  }

  reject(error: Error): void {
    this.#settle.reject(error);
  }

  /** The memory of a settled group, for the next one. */
  takeBuffer(): Uint8Array {
    const buffer = this.#buffer;
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
    return buffer;
  }

  #addRecord(record: WalRecord, offset: number): number {
    switch (record.kind) {
      case 'points':
        return this.#addPoints(record.batch, offset);
      case 'events':
        return this.#addPayload(encodeEvents(record.events), offset);
      case 'series':
        return this.#addPayload(encodeSeries(record.entries), offset);
    }
  }

  #addPoints(batch: Extract<WalRecord, { kind: 'points' }>['batch'], offset: number): number {
    this.#makeRoom(pointsBytesMax(batch.ids.length));
    return encodePoints(batch, this.#buffer, offset + FRAME_HEADER_BYTES);
  }

  #addPayload(payload: Uint8Array, offset: number): number {
    this.#makeRoom(payload.length);
    this.#buffer.set(payload, offset + FRAME_HEADER_BYTES);
    return payload.length;
  }

  #makeRoom(payloadBytes: number): void {
    assert(payloadBytes <= WAL_RECORD_BYTES_MAX, 'the caller splits records that are too large');
    const needed = frameEnd(this.#length, payloadBytes);
    if (needed <= this.#buffer.length) return;
    const buffer = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    buffer.set(this.bytes);
    this.#buffer = buffer;
  }
}
