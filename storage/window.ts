// Window arithmetic. A window is [startMs, startMs + windowMs); windows start at multiples of
// their width, before 1970 as after it.

/** Timestamps lie within +-TIMESTAMP_MS_MAX: up to here a double holds every integer. */
export const TIMESTAMP_MS_MAX = 2 ** 53;

/**
 * Start of the window of width `windowMs` that `timestampMs` lies in. Exact for all timestamps
 * within +-2^53 when the width is even: the outermost windows reach beyond 2^53, where doubles
 * are two apart.
 */
export function windowStart(timestampMs: number, windowMs: number): number {
  // The remainder of two doubles is exact, while their quotient may round across a boundary.
  const past = timestampMs % windowMs;
  return timestampMs - (past < 0 ? past + windowMs : past);
}
