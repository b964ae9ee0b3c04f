// How bodies are laid out as columns; docs/format/events.md draws it. Numbers here are on disk and
// not to be renumbered.
//
// A body is cut into fields at spaces outside double quotes. In a field every run of digits that no
// letter touches is a number: it goes to a stream of its own and leaves a mark. What is left of the
// fields, their shapes, hardly varies from line to line, so that a byte says which one it is.

export const SPACE = 0x20;
export const QUOTE = 0x22;
/** Stands for a number in a shape. */
export const NUMBER_MARK = 0x00;
/** Ends a number, and a shape. A body with either of these bytes is kept plain. */
export const END_MARK = 0x0a;

/** Fields of a body; the last one takes all that is left. */
export const FIELDS_MAX = 32;

/** Shapes of a column that a byte can tell apart; with more, each is written out. */
export const SHAPES_MAX = 256;

/** Streams ahead of those of the fields. */
export const TEXT_STREAM = {
  /** varint events, varint bytes of all bodies. */
  head: 0,
  /** By event, the number of its fields; 0 for one that is plain. */
  fieldCounts: 1,
  /** Plain bodies: varint lengths, and bytes. */
  plainLengths: 2,
  plain: 3,
  /** Attributes: varint lengths, none when no event has any, and canonical bytes of labels. */
  attributeLengths: 4,
  attributes: 5,
} as const;

const HEAD_STREAMS = 6;

/** Streams of one field: shapes, each ended; which one each event has, if a byte tells; numbers. */
export const FIELD_STREAMS = 3;

export const TEXT_STREAM_COUNT = HEAD_STREAMS + FIELD_STREAMS * FIELDS_MAX;

/** The first stream of a field. */
export function fieldStream(field: number): number {
  return HEAD_STREAMS + FIELD_STREAMS * field;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** ASCII letters and the underscore. */
export function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || byte === 0x5f;
}
