// What storage speaks with its callers about events.

import type { ByteColumn } from './coding/byte-column.ts';
import type { Labels, SeriesId } from './series/labels.ts';
import type { ScanRequest, TimeRange } from './types.ts';

/** Events to append, as parallel columns of the same length; see EventBuffer for making one. */
export interface EventBatch {
  /** Of their streams, which are series. */
  readonly ids: Uint32Array;
  /** Integer ms since the epoch, within +-2^53: what is before an event's time ... */
  readonly timestampsMs: Float64Array;
  /** ... and how many ns before it, 0 .. 999,999. */
  readonly nanos: Uint32Array;
  readonly bodies: ByteColumn;
  /** Canonical bytes of labels; see encodeLabels. */
  readonly attributes: ByteColumn;
}

/** An event as it is read back. */
export interface StoredEvent {
  readonly id: SeriesId;
  readonly labels: Labels;
  readonly timestampMs: number;
  /** ns after `timestampMs`, 0 .. 999,999. */
  readonly nanos: number;
  readonly body: Uint8Array;
  readonly attributes: Labels;
}

/** A time within a ms, which a number cannot hold. */
export interface EventTime {
  readonly ms: number;
  /** 0 .. 999,999. */
  readonly nanos: number;
}

/** Which bodies are wanted. */
export interface EventFilter {
  /** Each of them is in every wanted body: blocks without one are passed over. */
  readonly contains: readonly Uint8Array[];
  accepts(body: Uint8Array): boolean;
}

export interface EventScanRequest extends Omit<ScanRequest, 'withoutEvents' | keyof TimeRange> {
  /** Included. */
  readonly start: EventTime;
  /** Excluded. */
  readonly end: EventTime;
  readonly filter?: EventFilter;
}

export interface EventSearch extends EventScanRequest {
  /** Which end of the range comes first. */
  readonly direction: 'forward' | 'backward';
  /** Events that are wanted at most. */
  readonly limit: number;
  /** Bytes of bodies and attributes that may be found; with more it rejects. */
  readonly bytesMax: number;
}
