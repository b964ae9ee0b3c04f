// One field of many bodies: shapes and numbers.

import { growBytes } from './grow.ts';
import {
  END_MARK,
  isDigit,
  isLetter,
  NUMBER_MARK,
  QUOTE,
  SHAPES_MAX,
  SPACE,
} from './text-format.ts';

/** A power of two, well above SHAPES_MAX. */
const SLOTS = 1024;
/** Of FNV-1. */
const HASH_FACTOR = 0x01000193;

/** What a byte is to a field; looked up, as every byte of every event comes by here. */
const DIGIT = 1;
const LETTER = 2;
/** A space or a quote. */
const CUT = 3;
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === SPACE || byte === QUOTE) return CUT;
  return isDigit(byte) ? DIGIT : isLetter(byte) ? LETTER : 0;
});

export interface FieldWriter {
  /**
   * Adds the field of a body that begins at `from` and returns where it ends: at a space outside
   * quotes, or at the end when it takes all. The body holds neither mark.
   */
  add(body: Uint8Array, from: number, takesAll: boolean): number;
  /** Shapes, choices and numbers; views that are good until the next add or reset. */
  streams(): Uint8Array[];
  reset(): void;
}

export function createFieldWriter(): FieldWriter {
  let shapes: Uint8Array = new Uint8Array(1024);
  let shapesLength = 0;
  let numbers: Uint8Array = new Uint8Array(1024);
  let numbersLength = 0;
  /** By event, its shape; unused once shapes are written out. */
  let choices: Uint8Array = new Uint8Array(256);
  let count = 0;
  let isWrittenOut = false;
  /** Where shapes begin, and behind them the end of the one that was written last. */
  const starts = new Uint32Array(SHAPES_MAX + 2);
  let distinct = 0;
  /** Of the shape that was written last. */
  let shapeHash = 0;
  /** 1 + shape, by hash of its bytes. */
  const slots = new Uint16Array(SLOTS);

  /**
   * Writes the shape of the field that begins at `from` behind the others, with a hash of it to
   * `shapeHash`, and returns where the field ends.
   */
  function writeShape(bytes: Uint8Array, from: number, takesAll: boolean): number {
    const end = bytes.length;
    shapes = growBytes(shapes, shapesLength + (end - from) + 1);
    numbers = growBytes(numbers, numbersLength + 2 * (end - from));
    // Locals: variables of the closure would be fetched again for every byte.
    const target = shapes;
    const digits = numbers;
    let digitsAt = numbersLength;
    let hash = 0;
    let at = shapesLength;
    let isQuoted = false;
    let before = 0;
    let i = from;
    while (i < end) {
      const byte = bytes[i]!;
      const kind = KINDS[byte]!;
      if (kind === DIGIT) {
        let runEnd = i + 1;
        while (runEnd < end && KINDS[bytes[runEnd]!] === DIGIT) runEnd++;
        const isTouched = before === LETTER || (runEnd < end && KINDS[bytes[runEnd]!] === LETTER);
        before = DIGIT;
        if (!isTouched) {
          for (; i < runEnd; i++) digits[digitsAt++] = bytes[i]!;
          digits[digitsAt++] = END_MARK;
          target[at++] = NUMBER_MARK;
          hash = Math.imul(hash + 1, HASH_FACTOR);
          continue;
        }
        for (; i < runEnd; i++) {
          target[at++] = bytes[i]!;
          hash = Math.imul(hash ^ bytes[i]!, HASH_FACTOR);
        }
        continue;
      }
      if (kind === CUT && !takesAll) {
        if (byte === QUOTE) isQuoted = !isQuoted;
        else if (!isQuoted) break;
      }
      before = kind;
      target[at++] = byte;
      hash = Math.imul(hash ^ byte, HASH_FACTOR);
      i++;
    }
    numbersLength = digitsAt;
    target[at++] = END_MARK;
    starts[distinct + 1] = at;
    shapeHash = hash ^ (hash >>> 15);
    return i;
  }

  /** The shape before the last one that equals it, or `distinct`. */
  function findShape(hash: number): number {
    const from = shapesLength;
    const length = starts[distinct + 1]! - from;
    let slot = hash & (SLOTS - 1);
    for (; slots[slot] !== 0; slot = (slot + 1) & (SLOTS - 1)) {
      const shape = slots[slot]! - 1;
      const start = starts[shape]!;
      if (starts[shape + 1]! - start !== length) continue;
      let i = 0;
      while (i < length && shapes[start + i] === shapes[from + i]) i++;
      if (i === length) return shape;
    }
    if (distinct < SHAPES_MAX) slots[slot] = distinct + 1;
    return distinct;
  }

  /** There are too many: from here on every event has its shape written out. */
  function writeOut(): void {
    const known = shapes.slice(0, starts[SHAPES_MAX]!);
    const last = shapes.slice(shapesLength, starts[SHAPES_MAX + 1]!);
    let at = 0;
    for (let i = 0; i < count; i++) {
      const shape = known.subarray(starts[choices[i]!]!, starts[choices[i]! + 1]!);
      shapes = growBytes(shapes, at + shape.length);
      shapes.set(shape, at);
      at += shape.length;
    }
    shapes = growBytes(shapes, at + last.length);
    shapes.set(last, at);
    shapesLength = at + last.length;
    isWrittenOut = true;
    distinct = 0;
  }

  return {
    add(bytes, from, takesAll) {
      const end = writeShape(bytes, from, takesAll);
      if (isWrittenOut) {
        shapesLength = starts[1]!;
        return end;
      }
      const shape = findShape(shapeHash);
      if (shape === SHAPES_MAX) {
        writeOut();
        return end;
      }
      choices = growBytes(choices, count + 1);
      choices[count++] = shape;
      if (shape === distinct) shapesLength = starts[++distinct]!;
      return end;
    },
    streams() {
      const chosen = isWrittenOut || distinct === 1 ? 0 : count;
      return [
        shapes.subarray(0, shapesLength),
        choices.subarray(0, chosen),
        numbers.subarray(0, numbersLength),
      ];
    },
    reset() {
      shapesLength = 0;
      numbersLength = 0;
      count = 0;
      distinct = 0;
      isWrittenOut = false;
      slots.fill(0);
    },
  };
}
