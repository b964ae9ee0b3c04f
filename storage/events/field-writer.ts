// One field of many bodies: shapes and numbers.

import { growBytes } from './grow.ts';
import { END_MARK, isDigit, isLetter, NUMBER_MARK, SHAPES_MAX } from './text-format.ts';

/** A power of two, well above SHAPES_MAX. */
const SLOTS = 1024;

export interface FieldWriter {
  /** Adds the bytes [from, to), which hold neither mark. */
  add(bytes: Uint8Array, from: number, to: number): void;
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
  /** 1 + shape, by hash of its bytes. */
  const slots = new Uint16Array(SLOTS);

  /** Writes the shape of a field behind the others and returns the hash of it. */
  function writeShape(bytes: Uint8Array, from: number, to: number): number {
    shapes = growBytes(shapes, shapesLength + (to - from) + 1);
    numbers = growBytes(numbers, numbersLength + 2 * (to - from));
    // Locals: variables of the closure would be fetched again for every byte.
    const target = shapes;
    const digits = numbers;
    let digitsAt = numbersLength;
    let hash = 0;
    let at = shapesLength;
    for (let i = from; i < to; ) {
      const byte = bytes[i]!;
      let end = i + 1;
      if (isDigit(byte)) {
        while (end < to && isDigit(bytes[end]!)) end++;
        const touches =
          (i > from && isLetter(bytes[i - 1]!)) || (end < to && isLetter(bytes[end]!));
        if (!touches) {
          for (; i < end; i++) digits[digitsAt++] = bytes[i]!;
          digits[digitsAt++] = END_MARK;
          target[at++] = NUMBER_MARK;
          hash = Math.imul(hash + 1, 0x01000193);
          continue;
        }
      }
      for (; i < end; i++) {
        target[at++] = bytes[i]!;
        hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
      }
    }
    numbersLength = digitsAt;
    target[at++] = END_MARK;
    starts[distinct + 1] = at;
    return hash ^ (hash >>> 15);
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
    add(bytes, from, to) {
      const hash = writeShape(bytes, from, to);
      if (isWrittenOut) {
        shapesLength = starts[1]!;
        return;
      }
      const shape = findShape(hash);
      if (shape === SHAPES_MAX) {
        writeOut();
        return;
      }
      choices = growBytes(choices, count + 1);
      choices[count++] = shape;
      if (shape === distinct) shapesLength = starts[++distinct]!;
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
