// The numbers of line protocol: field values and timestamps, from their bytes.

const ZERO = 0x30;
const NINE = 0x39;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;

/** Integers of up to so many digits are exact doubles. */
const EXACT_DIGITS = 15;
/** Below this every integer is an exact double, and so is every power of ten up to the 22nd. */
const EXACT_BELOW = 2 ** 53;
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

/** Where a number is left by whoever reads it: as a field it is no object of its own. */
export interface NumberPlace {
  value: number;
}

/**
 * Reads the decimal at `start`, such as -12.5, and returns where its digits end, or `start` when
 * there are none. Its value is infinite when it is too large for a double.
 */
export function readDecimal(bytes: Buffer, start: number, end: number, to: NumberPlace): number {
  const sign = bytes[start] === MINUS ? -1 : 1;
  let at = sign < 0 || bytes[start] === PLUS ? start + 1 : start;
  let digits = 0;
  let mantissa = 0;
  let fraction = -1;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= ZERO && byte <= NINE) {
      // In this order: with the digit's byte it might be too large to be exact.
      mantissa = mantissa * 10 + (byte - ZERO);
      digits++;
    } else if (byte === DOT && fraction < 0) {
      fraction = digits;
    } else {
      break;
    }
  }
  if (digits === 0) return start;
  const scale = fraction < 0 ? 1 : POWERS_OF_TEN[digits - fraction];
  // One division of two exact doubles is rounded once, as the number itself would be.
  to.value =
    mantissa < EXACT_BELOW && scale !== undefined
      ? (sign * mantissa) / scale
      : Number(bytes.toString('latin1', start, at));
  return at;
}

const decimal: NumberPlace = { value: Number.NaN };

/** A float; undefined when it is none. Infinities and NaN cannot be written. */
export function parseFloatField(bytes: Buffer, start: number, end: number): number | undefined {
  const isDecimal = start < end && readDecimal(bytes, start, end, decimal) === end;
  const value = isDecimal ? decimal.value : exponential(bytes.toString('latin1', start, end));
  return Number.isFinite(value) ? value : undefined;
}

function exponential(text: string): number {
  return FLOAT.test(text) ? Number(text) : Number.NaN;
}

/** An integer without its suffix; undefined when it is none or beyond 64 bits. */
export function parseIntegerField(
  bytes: Buffer,
  start: number,
  end: number,
  isUnsigned: boolean,
): number | undefined {
  const text = bytes.toString('latin1', start, end);
  if (!(isUnsigned ? /^\+?\d+$/ : /^[+-]?\d+$/).test(text)) return undefined;
  if (end - start <= EXACT_DIGITS) return Number(text);
  const value = BigInt(text.replace('+', ''));
  const [least, most] = isUnsigned ? [0n, UINT64_MAX] : [-INT64_MAX - 1n, INT64_MAX];
  return value < least || value > most ? undefined : Number(value);
}

const BOOLEANS: Readonly<Record<string, number>> = {
  ...{ t: 1, T: 1, true: 1, True: 1, TRUE: 1 },
  ...{ f: 0, F: 0, false: 0, False: 0, FALSE: 0 },
};

export function parseBooleanField(bytes: Buffer, start: number, end: number): number | undefined {
  const text = bytes.toString('latin1', start, end);
  return Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined;
}

/** How timestamps become ms: digits that are cut off, or a unit to multiply by. */
export interface Precision {
  readonly digitsCut: number;
  readonly unitMs: number;
}

const NS: Precision = { digitsCut: 6, unitMs: 1 };
const US: Precision = { digitsCut: 3, unitMs: 1 };

/** By the names that both versions of the API have; nanoseconds when none is given. */
export const PRECISIONS: Readonly<Record<string, Precision>> = {
  ...{ '': NS, ns: NS, n: NS },
  ...{ us: US, u: US, '\u00b5': US, '\u00b5s': US },
  ms: { digitsCut: 0, unitMs: 1 },
  s: { digitsCut: 0, unitMs: 1000 },
  m: { digitsCut: 0, unitMs: 60_000 },
  h: { digitsCut: 0, unitMs: 3_600_000 },
};

/**
 * Whole ms since the epoch, rounded down; undefined when it is no integer. Beyond +-2^53 ms it may
 * be off, and is NaN or still beyond.
 */
export function parseTimestampMs(
  bytes: Buffer,
  start: number,
  end: number,
  { digitsCut, unitMs }: Precision,
): number | undefined {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (first === end) return undefined;
  const cutFrom = Math.max(first, end - digitsCut);
  let kept = 0;
  let hasRest = false;
  for (let at = first; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    if (at < cutFrom) kept = kept * 10 + digit;
    else if (digit > 0) hasRest = true;
  }
  const ms = kept * unitMs;
  // Not -0: a timestamp is one number.
  if (!isNegative) return ms;
  return hasRest ? -ms - 1 : 0 - ms;
}
