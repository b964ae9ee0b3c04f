// Numbers as people read them.

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;
const EXACT_BELOW_BYTES = 10_000;

/** Years 1 .. 9999: beyond them a calendar tells nobody anything. */
const CALENDAR_FROM_MS = -62_135_596_800_000;
const CALENDAR_END_MS = 253_402_300_800_000;

/** Swedes write dates as ISO 8601 does, but for the T and the comma. */
const calendar = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'UTC',
  calendar: 'iso8601',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

const SPANS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

const grouped = new Intl.NumberFormat('en-US');

/** `12,345`. */
export function number(value: number): string {
  return grouped.format(value);
}

/** `1 block`, `12,345 blocks`. */
export function count(value: number, thing: string, things = `${thing}s`): string {
  return `${number(value)} ${value === 1 ? thing : things}`;
}

/** Exact while it is short. */
export function bytes(value: number): string {
  if (value < EXACT_BELOW_BYTES) return `${number(value)} B`;
  let scaled = value / 1024;
  let unit = 0;
  for (; scaled >= 1024 && unit < UNITS.length - 1; unit++) scaled /= 1024;
  return `${scaled.toFixed(1)} ${UNITS[unit]}`;
}

export function time(timestampMs: number): string {
  const isInCalendar = timestampMs >= CALENDAR_FROM_MS && timestampMs < CALENDAR_END_MS;
  if (!isInCalendar) return `${timestampMs} ms`;
  return `${calendar.format(timestampMs).replace(' ', 'T').replace(',', '.')}Z`;
}

/** First and last of something, both included. */
export function span<Bound>(first: Bound, last: Bound): string {
  return `${first} .. ${last}`;
}

/** `2h`, `90m`, `ever`: in the largest unit that it is a multiple of. */
export function duration(valueMs: number): string {
  if (valueMs === Number.POSITIVE_INFINITY) return 'ever';
  for (const [unit, unitMs] of SPANS) {
    if (valueMs % unitMs === 0) return `${number(valueMs / unitMs)}${unit}`;
  }
  return `${number(valueMs)}ms`;
}

export function bytesPerPoint(sizeBytes: number, points: number): string {
  return bytesPer('point', sizeBytes, points);
}

export function bytesPer(thing: string, sizeBytes: number, things: number): string {
  return things === 0 ? `- B/${thing}` : `${(sizeBytes / things).toFixed(2)} B/${thing}`;
}
