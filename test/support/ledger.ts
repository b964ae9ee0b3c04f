// What a storage was told, in order, and from that what it may hold after a crash: every point
// that was acknowledged, with that value or one sent later; of the rest, anything that was sent.
// Each value is sent once, so that it tells which write it came from.

import * as assert from 'uvu/assert';
import type { Policy, WindowInfo } from '../../storage/index.ts';
import type { TestPoint } from './storage.ts';

/** A point as it was sent. */
export interface LedgerPoint extends TestPoint {
  /** The labels' JSON, made once: all that was sent is gone through at every check. */
  readonly key: string;
  readonly id: number;
  /** The window that it goes to under the policies then in force. */
  readonly home: string;
}

export type LedgerEvent =
  | { readonly kind: 'sent'; readonly batch: number; readonly points: readonly LedgerPoint[] }
  | { readonly kind: 'acknowledged'; readonly batch: number }
  /** Every batch up to this one is in tables, and in no log any more. */
  | { readonly kind: 'flushed'; readonly batch: number }
  /** A drop or a delete that may be carried out from here on, as a whole or not at all. */
  | { readonly kind: 'erasing'; readonly covers: Covers }
  /** It was carried out; `flushedOnly`: of what is in tables, while the disk was in the way. */
  | { readonly kind: 'erased'; readonly covers: Covers; readonly flushedOnly: boolean }
  /** It was refused: whether it is carried out, and when, is not known. */
  | { readonly kind: 'doubtful'; readonly covers: Covers }
  /** What was found after a crash is what there is. */
  | { readonly kind: 'found'; readonly contents: Contents };

/** Whether a drop or a delete takes the point, if it was sent before. */
export type Covers = (point: LedgerPoint) => boolean;

/** Every point as [timestamp, value bits], by the labels' JSON: see contentsOf. */
export type Contents = ReadonlyMap<string, readonly (readonly [number, bigint])[]>;

interface SentValue {
  readonly batch: number;
  readonly bits: bigint;
  readonly point: LedgerPoint;
  /** Must be there, unless a later one is. */
  sure: boolean;
}

/** By the labels' JSON, then by timestamp: what was sent, oldest first. */
type Expected = Map<string, Map<number, SentValue[]>>;

/** The identity of a window, as points of the ledger name it. */
export function homeOf({ name, windowMs }: Policy, timestampMs: number): string {
  return `${name}/${windowMs}/${Math.floor(timestampMs / windowMs) * windowMs}`;
}

export function homeOfWindow({ policy, startMs }: WindowInfo): string {
  return homeOf(policy, startMs);
}

/**
 * Throws unless `contents` is what a storage may hold after `events`. Which of the allowed states
 * it is from then on, a `found` event says.
 */
export function checkContents(contents: Contents, events: readonly LedgerEvent[]): void {
  const { expected, erasing } = fold(events);
  const mistake = firstMistake(contents, expected);
  if (mistake === undefined) return;
  if (erasing === undefined) throw new Error(mistake);
  erase(expected, erasing, Number.POSITIVE_INFINITY);
  const otherwise = firstMistake(contents, expected);
  if (otherwise !== undefined) throw new Error(`${mistake}; had it been erased: ${otherwise}`);
}

function fold(events: readonly LedgerEvent[]) {
  const expected: Expected = new Map();
  const unacknowledged = new Map<number, SentValue[]>();
  let flushed = 0;
  let erasing: Covers | undefined;
  for (const event of events) {
    switch (event.kind) {
      case 'sent':
        unacknowledged.set(event.batch, addSent(expected, event.batch, event.points));
        break;
      case 'acknowledged':
        for (const sent of unacknowledged.get(event.batch)!) sent.sure = true;
        break;
      case 'flushed':
        flushed = event.batch;
        break;
      case 'erasing':
        erasing = event.covers;
        break;
      case 'erased':
        erase(expected, event.covers, event.flushedOnly ? flushed : Number.POSITIVE_INFINITY);
        erasing = undefined;
        break;
      case 'doubtful':
        erase(expected, event.covers, 0);
        erasing = undefined;
        break;
      case 'found':
        if (erasing !== undefined) erase(expected, erasing, 0);
        settle(expected, event.contents);
        erasing = undefined;
        break;
    }
  }
  return { expected, erasing };
}

function addSent(expected: Expected, batch: number, points: readonly LedgerPoint[]): SentValue[] {
  return points.map((point) => {
    const { key, timestampMs, value } = point;
    const series = expected.get(key) ?? new Map<number, SentValue[]>();
    expected.set(key, series);
    const values = series.get(timestampMs) ?? [];
    series.set(timestampMs, values);
    const sent = { batch, bits: bitsOf(value), point, sure: false };
    values.push(sent);
    return sent;
  });
}

/** Takes out what is covered of the batches up to `batchMax`; of later ones nobody knows. */
function erase(expected: Expected, covers: Covers, batchMax: number): void {
  for (const series of expected.values()) {
    for (const [timestampMs, values] of series) {
      const left = values.filter(({ batch, point }) => batch > batchMax || !covers(point));
      for (const sent of left) if (covers(sent.point)) sent.sure = false;
      series.set(timestampMs, left);
    }
  }
}

/**
 * A value that is seen is there for sure, and none sent later is. An event that was sent to more
 * than one window is in one of them: which, nobody knows.
 */
function settle(expected: Expected, contents: Contents): void {
  for (const [key, series] of expected) {
    const found = new Map(contents.get(key) ?? []);
    for (const [timestampMs, values] of series) {
      const isSeen = ({ bits }: SentValue) => bits === found.get(timestampMs);
      const left = values.slice(0, values.findLastIndex(isSeen) + 1);
      const homes = new Set(left.filter(isSeen).map(({ point }) => point.home));
      if (homes.size === 1) left.at(-1)!.sure = true;
      series.set(timestampMs, left);
    }
  }
}

function firstMistake(contents: Contents, expected: Expected): string | undefined {
  for (const [key, points] of contents) {
    const series = expected.get(key);
    if (series === undefined) return `a series that was never sent: ${key}`;
    for (const [timestampMs, bits] of points) {
      const values = series.get(timestampMs) ?? [];
      const seen = values.findLastIndex((sent) => sent.bits === bits);
      const point = `the point of ${key} at ${timestampMs}`;
      if (seen === -1) return `${point} has ${numberOf(bits)}, which it was not to have`;
      const sure = values.findLastIndex((sent) => sent.sure);
      if (seen < sure) return `${point} has an older value than was acknowledged`;
    }
  }
  for (const [key, series] of expected) {
    const found = new Set(contents.get(key)?.map(([timestampMs]) => timestampMs));
    for (const [timestampMs, values] of series) {
      const sure = values.findLast((sent) => sent.sure);
      if (sure === undefined || found.has(timestampMs)) continue;
      const { batch, point } = sure;
      return `the point of ${key} at ${timestampMs} of batch ${batch} is lost (${point.home})`;
    }
  }
  return undefined;
}

/**
 * Throws when a series of `ids`, by the labels' JSON, has an id of before its last acknowledged
 * write, or one that was never sent; or an id that was another's in an acknowledged write. A series
 * that was forgotten has a new id from then on.
 */
export function checkIds(ids: ReadonlyMap<string, number>, events: readonly LedgerEvent[]): void {
  /** By the labels' JSON, the ids it may have, by the batch that used them. */
  const idsOf = new Map<string, Map<number, number>>();
  const sent = new Map<number, readonly LedgerPoint[]>();
  const ownerOf = new Map<number, string>();
  for (const event of events) {
    if (event.kind === 'sent') {
      sent.set(event.batch, event.points);
      for (const { key, id } of event.points) {
        idsOf.set(key, (idsOf.get(key) ?? new Map()).set(event.batch, id));
      }
    } else if (event.kind === 'acknowledged') {
      for (const { key, id } of sent.get(event.batch)!) {
        ownerOf.set(id, key);
        for (const batch of idsOf.get(key)!.keys()) {
          if (batch < event.batch) idsOf.get(key)!.delete(batch);
        }
      }
    }
  }
  for (const [key, id] of ids) {
    const allowed = [...(idsOf.get(key)?.values() ?? [])];
    assert.ok(allowed.includes(id), `${key} has the id ${id}, not one of ${allowed}`);
    assert.is(ownerOf.get(id) ?? key, key, `id ${id} was another's`);
  }
}

const double = new Float64Array(1);
const bits64 = new BigUint64Array(double.buffer);

function bitsOf(value: number): bigint {
  double[0] = value;
  return bits64[0]!;
}

function numberOf(bits: bigint): number {
  bits64[0] = bits;
  return double[0]!;
}
