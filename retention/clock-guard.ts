// How far a sweep believes the clock. A wall clock that is ahead of the truth would drop what is
// still wanted, and a drop cannot be undone; one that is behind only drops less, so only clocks
// that are ahead are guarded against. Pure: readings go in, a verdict and the next state come out.
//
// - While the server runs, monotonic time says where the wall clock has to be by now. One that is
//   further than STEP_MS_MAX beyond it has jumped.
// - At the start there is no such measure, only the data: the server may have been off for months,
//   or hold an archive, so a clock up to START_AHEAD_MS_MAX after the newest window is believed.
//   A clock well behind the newest window (a machine that boots in 1970) is no measure for later
//   readings, and the first one that fits the data becomes it.
// - After a jump nothing is dropped until the clock has run steadily for as long as the jump was
//   wide, a day at most: a suspended machine heals by itself. A jump beyond JUMP_MS_MAX is never
//   believed; a restart with the right time, or the clock's return, ends it.

import type { TimeRange } from '../storage/index.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What time synchronisation, a paused process or drift may add between two sweeps, ms. */
export const STEP_MS_MAX = 10 * MINUTE_MS;
/** How long a jumped clock has to run steadily at most, ms. */
export const STEADY_MS_MAX = DAY_MS;
/** Wider jumps come from broken clocks, not from machines that slept, ms. */
export const JUMP_MS_MAX = 365 * DAY_MS;
/** How old the newest stored window may be at the start, ms. */
export const START_AHEAD_MS_MAX = 10 * 365 * DAY_MS;
/** How far the newest stored window may begin after the clock's first measure, ms. */
export const START_BEHIND_MS_MAX = DAY_MS;

/** Both clocks, read at one moment, ms. */
export interface ClockReading {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export interface ClockState {
  /** The newest window stored at the start; later ones may carry the time of a false clock. */
  readonly newest: TimeRange | undefined;
  /** The reading that later ones are measured by. */
  readonly measure: ClockReading | undefined;
  /** The first reading after a jump that was not believed. */
  readonly suspect: ClockReading | undefined;
}

export interface ClockVerdict {
  /** Why the clock is not believed, for people; undefined when it is. */
  readonly doubt: string | undefined;
  readonly state: ClockState;
}

/** The state at the start of the server, from the windows stored then. */
export function startClockGuard(windows: readonly TimeRange[]): ClockState {
  let newest: TimeRange | undefined;
  for (const window of windows) {
    if (newest === undefined || window.endMs > newest.endMs) newest = window;
  }
  return { newest, measure: undefined, suspect: undefined };
}

/** Whether a sweep may drop by this reading, and the state to judge the next one with. */
export function judgeClock(state: ClockState, reading: ClockReading): ClockVerdict {
  const { expectedMs, reachMs } = expectation(state, reading);
  const aheadMs = reading.wallMs - expectedMs;
  if (aheadMs <= reachMs) return { doubt: undefined, state: believed(state, reading) };

  const suspect = continues(state.suspect, reading) ? state.suspect : reading;
  const steadyMs = reading.monotonicMs - suspect.monotonicMs;
  const isRunning = state.measure !== undefined;
  if (isRunning && aheadMs <= JUMP_MS_MAX && steadyMs >= Math.min(aheadMs, STEADY_MS_MAX)) {
    return { doubt: undefined, state: { ...state, measure: reading, suspect: undefined } };
  }
  const hours = Math.ceil(aheadMs / HOUR_MS);
  const doubt = isRunning
    ? `the clock has jumped ahead by about ${hours} h`
    : `the clock is about ${hours} h ahead of the newest stored data`;
  return { doubt, state: { ...state, suspect } };
}

/** What the wall clock is expected to show, and how far beyond that it is believed, ms. */
function expectation(
  { measure, newest }: ClockState,
  { wallMs, monotonicMs }: ClockReading,
): { expectedMs: number; reachMs: number } {
  if (measure !== undefined) {
    const elapsedMs = monotonicMs - measure.monotonicMs;
    return { expectedMs: measure.wallMs + elapsedMs, reachMs: STEP_MS_MAX };
  }
  return { expectedMs: newest?.endMs ?? wallMs, reachMs: START_AHEAD_MS_MAX };
}

/** The measure only moves ahead: a clock set back is on its way back to it, or stays behind. */
function believed(state: ClockState, reading: ClockReading): ClockState {
  const { newest, measure } = state;
  const isBehind =
    measure === undefined
      ? newest !== undefined && reading.wallMs < newest.startMs - START_BEHIND_MS_MAX
      : reading.wallMs < expectation(state, reading).expectedMs;
  return { newest, measure: isBehind ? measure : reading, suspect: undefined };
}

/** Whether `reading` is where a clock that showed `suspect` would be by now. */
function continues(
  suspect: ClockReading | undefined,
  reading: ClockReading,
): suspect is ClockReading {
  if (suspect === undefined) return false;
  const elapsedMs = reading.monotonicMs - suspect.monotonicMs;
  return Math.abs(reading.wallMs - (suspect.wallMs + elapsedMs)) <= STEP_MS_MAX;
}
