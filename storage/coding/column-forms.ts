// How each column of a list is laid out, as columns of their own. Written field by field, because
// neighbours have much the same forms and zstd finds that out.

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { INTEGER_MAX, SCALE_MAX } from './decimals.ts';
import { MAGNITUDE_MAX, PLANES_MAX } from './planes.ts';

/** Bits of a layout. On disk; not to be renumbered. */
export const ORDER_MASK = 3;
export const LAYOUT_PATTERNS = 4;
export const LAYOUT_EXCEPTIONS = 8;
const LAYOUT_MAX = 15;
const ORDER_MAX = 2;
/** Patterns: 64 when all are the same. */
const SHIFT_MAX = 64;

export interface ColumnForms {
  count: number;
  readonly layouts: Uint8Array;
  /** Integers: the scale, see decimals.ts. Patterns: the shift. */
  readonly scales: Uint8Array;
  /** Bytes that each residual takes. */
  readonly planes: Uint8Array;
  /** Typical bits of a residual; says which streams the planes are in. */
  readonly magnitudes: Uint8Array;
  /** Integers: the base. Patterns: its bits. */
  readonly bases: Float64Array;
  /** The same memory as words, low before high. */
  readonly baseWords: Uint32Array;
  /** Integers only. */
  readonly slopes: Float64Array;
  readonly exceptionCounts: Uint16Array;
}

export function createColumnForms(capacity: number): ColumnForms {
  const bases = new Float64Array(capacity);
  return {
    count: 0,
    layouts: new Uint8Array(capacity),
    scales: new Uint8Array(capacity),
    planes: new Uint8Array(capacity),
    magnitudes: new Uint8Array(capacity),
    bases,
    baseWords: new Uint32Array(bases.buffer),
    slopes: new Float64Array(capacity),
    exceptionCounts: new Uint16Array(capacity),
  };
}

export function writeColumnForms(writer: ByteWriter, forms: ColumnForms): void {
  const { count, layouts, bases, baseWords } = forms;
  writer.bytes(layouts.subarray(0, count));
  writer.bytes(forms.scales.subarray(0, count));
  writer.bytes(forms.planes.subarray(0, count));
  writer.bytes(forms.magnitudes.subarray(0, count));
  let before = 0;
  for (let k = 0; k < count; k++) {
    if ((layouts[k]! & LAYOUT_PATTERNS) !== 0) {
      writer.uint32(baseWords[2 * k]!);
      writer.uint32(baseWords[2 * k + 1]!);
    } else {
      writer.signedVarint(bases[k]! - before);
      before = bases[k]!;
    }
  }
  for (let k = 0; k < count; k++) {
    if ((layouts[k]! & LAYOUT_PATTERNS) === 0) writer.signedVarint(forms.slopes[k]!);
  }
  for (let k = 0; k < count; k++) {
    if ((layouts[k]! & LAYOUT_EXCEPTIONS) !== 0) writer.uint16(forms.exceptionCounts[k]!);
  }
}

export function readColumnForms(reader: ByteReader, count: number): ColumnForms {
  const forms = createColumnForms(count);
  forms.count = count;
  const { layouts, scales, bases, baseWords } = forms;
  layouts.set(reader.bytes(count));
  scales.set(reader.bytes(count));
  forms.planes.set(reader.bytes(count));
  forms.magnitudes.set(reader.bytes(count));
  for (let k = 0; k < count; k++) {
    if (!isKnownForm(forms, k)) throw reader.corrupt(`the form of column ${k} is unknown`);
  }
  let before = 0;
  for (let k = 0; k < count; k++) {
    if ((layouts[k]! & LAYOUT_PATTERNS) !== 0) {
      baseWords[2 * k] = reader.uint32();
      baseWords[2 * k + 1] = reader.uint32();
    } else {
      before += reader.signedVarint();
      if (Math.abs(before) > 2 * INTEGER_MAX)
        throw reader.corrupt(`base ${before} is out of range`);
      bases[k] = before;
    }
  }
  for (let k = 0; k < count; k++) {
    if ((layouts[k]! & LAYOUT_PATTERNS) === 0) forms.slopes[k] = reader.signedVarint();
  }
  for (let k = 0; k < count; k++) {
    if ((layouts[k]! & LAYOUT_EXCEPTIONS) !== 0) forms.exceptionCounts[k] = reader.uint16();
  }
  return forms;
}

function isKnownForm(forms: ColumnForms, k: number): boolean {
  const layout = forms.layouts[k]!;
  const patterns = (layout & LAYOUT_PATTERNS) !== 0;
  return (
    layout <= LAYOUT_MAX &&
    (layout & ORDER_MASK) <= (patterns ? 1 : ORDER_MAX) &&
    forms.scales[k]! <= (patterns ? SHIFT_MAX : SCALE_MAX) &&
    forms.planes[k]! <= PLANES_MAX &&
    forms.magnitudes[k]! <= MAGNITUDE_MAX
  );
}
