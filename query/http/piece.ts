// A piece of an answer while it is written: bytes that grow until they are passed on.

import { NUMBER_BYTES_MAX, writeNumber } from './number-bytes.ts';

export interface Piece {
  /** Bytes and characters written since the last `take`. */
  length(): number;
  text(text: string): void;
  /** The points of a column, a comma between them: at each step that is present, head and value. */
  points(heads: PointHeads, values: Float64Array, present: Uint8Array): void;
  /** What was written, for good; the next piece begins. */
  take(): Uint8Array;
}

/** How points begin, by step: `[1700000000,"`. */
export interface PointHeads {
  /** One behind the other. */
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

/** What a piece grows to, mostly: it is passed on from 64 KiB on, and a series may go beyond. */
const CAPACITY = 96 * 1024;
/** Most answers are small: they double. */
const CAPACITY_START = 4096;
const PENDING_MAX = 8192;
const UTF8_BYTES_PER_UNIT = 3;
/** `,` before a point, and `"]` behind it. */
const POINT_BYTES_MAX = NUMBER_BYTES_MAX + 3;

/** Points for which room is made at once. */
const RUN_STEPS = 512;

const NOTHING = Buffer.alloc(0);

const COMMA = 0x2c;
const QUOTE = 0x22;
const BRACKET = 0x5d;

export function createPiece(): Piece {
  let bytes = NOTHING;
  let capacity = CAPACITY_START;
  let length = 0;
  /** To be written behind the bytes: many short texts at once take less. */
  let pending = '';

  function reserve(count: number): void {
    const wanted = length + count;
    if (wanted <= bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(wanted, capacity, bytes.length * 2));
    bytes.copy(grown, 0, 0, length);
    bytes = grown;
  }

  function settle(): void {
    reserve(pending.length * UTF8_BYTES_PER_UNIT);
    length += bytes.write(pending, length);
    pending = '';
  }

  return {
    length: () => length + pending.length,
    text(text) {
      pending += text;
      if (pending.length >= PENDING_MAX) settle();
    },
    points(heads, values, present) {
      settle();
      const start = length;
      for (let step = 0; step < values.length; step += RUN_STEPS) {
        const end = Math.min(values.length, step + RUN_STEPS);
        reserve(headsBetween(heads, step, end) + (end - step) * POINT_BYTES_MAX);
        const run = { heads, values, present, step, end };
        length = writePoints(bytes, length, run, length > start);
      }
    },
    take() {
      settle();
      const taken = bytes.subarray(0, length);
      bytes = NOTHING;
      length = 0;
      capacity = CAPACITY;
      return taken;
    },
  };
}

function headsBetween({ ends }: PointHeads, from: number, to: number): number {
  return ends[to - 1]! - (from === 0 ? 0 : ends[from - 1]!);
}

/** Points of the steps [step, end). */
interface Run {
  readonly heads: PointHeads;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  readonly step: number;
  readonly end: number;
}

/** Returns where they end. `follows`: there are points before. */
function writePoints(
  bytes: Uint8Array,
  from: number,
  { heads: { bytes: heads, ends }, values, present, step: first, end: last }: Run,
  follows: boolean,
): number {
  let at = from;
  for (let step = first; step < last; step++) {
    if (present[step] === 0) continue;
    if (follows || at > from) bytes[at++] = COMMA;
    const end = ends[step]!;
    for (let i = step === 0 ? 0 : ends[step - 1]!; i < end; i++) bytes[at++] = heads[i]!;
    at = writeNumber(bytes, at, values[step]!);
    bytes[at++] = QUOTE;
    bytes[at++] = BRACKET;
  }
  return at;
}
