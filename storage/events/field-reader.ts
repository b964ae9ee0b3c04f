// One field of many bodies, put together again from its shapes and numbers.

import { END_MARK, NUMBER_MARK } from './text-format.ts';

export interface FieldReader {
  /**
   * Writes the field of the next event at `at` of `target` and returns where it ends, or -1 when
   * there is no such field or no room for it: the streams are not what was written then.
   */
  next(target: Uint8Array, at: number): number;
}

/** The streams are those of a FieldWriter. */
export function createFieldReader(
  shapes: Uint8Array,
  choices: Uint8Array,
  numbers: Uint8Array,
): FieldReader {
  let event = 0;
  let shapeAt = 0;
  let numberAt = 0;
  const starts = choices.length > 0 || isOneShape(shapes) ? shapeStarts(shapes) : undefined;

  function shapeOfNext(): number {
    if (starts === undefined) return shapeAt;
    return starts[choices.length > 0 ? choices[event++]! : 0] ?? shapes.length;
  }

  return {
    next(target, at) {
      // A local: the variable of the closure would be fetched again for every byte.
      let digitsAt = numberAt;
      for (let i = shapeOfNext(); i < shapes.length; i++) {
        const byte = shapes[i]!;
        if (byte === END_MARK) {
          shapeAt = i + 1;
          numberAt = digitsAt;
          return at <= target.length ? at : -1;
        }
        if (byte !== NUMBER_MARK) {
          target[at++] = byte;
          continue;
        }
        while (digitsAt < numbers.length && numbers[digitsAt] !== END_MARK) {
          target[at++] = numbers[digitsAt++]!;
        }
        digitsAt++;
      }
      return -1;
    },
  };
}

function isOneShape(shapes: Uint8Array): boolean {
  return shapes.length > 0 && shapes.indexOf(END_MARK) === shapes.length - 1;
}

function shapeStarts(shapes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = 0; at < shapes.length; at = shapes.indexOf(END_MARK, at) + 1) {
    starts.push(at);
    if (shapes.indexOf(END_MARK, at) < 0) break;
  }
  return starts;
}
