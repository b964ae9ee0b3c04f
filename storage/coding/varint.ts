// LEB128 of integers that a double holds exactly. What reader, writer and size estimates share.

/** The largest magnitude a varint carries. */
export const VARINT_MAX = 2 ** 53;

/** ceil(54 / 7): bytes of VARINT_MAX. */
export const VARINT_BYTES_MAX = 8;

/** Four groups of seven bits are worked on as one 32-bit integer; the next one counts these. */
export const VARINT_HIGH_UNIT = 2 ** 28;
