import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { judgeClock, startClockGuard } from '../../retention/clock-guard.ts';
import { DAY_MS, HOUR_MS } from '../support/retention.ts';

const guard = suite('retention/clock-guard');

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * DAY_MS;
const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const YEAR_2100_MS = Date.parse('2100-01-01T00:00:00Z');

/** Minutes of monotonic time, the wall clock then, and whether it is believed. */
type Step = [monotonicMinutes: number, wallMs: number, believed: boolean];
const at = (minutes: number, jumpMs = 0) => NOW_MS + minutes * MINUTE_MS + jumpMs;

/** Name, end of the newest stored window (2 h wide), readings. */
const CASES: [string, number | undefined, Step[]][] = [
  [
    'a clock that runs',
    NOW_MS,
    [
      [0, at(0), true],
      [1, at(1), true],
      [9999, at(9999), true],
    ],
  ],
  ['an empty directory knows no better', undefined, [[0, YEAR_2100_MS, true]]],
  [
    'a jump of hours is believed once it has lasted as long',
    NOW_MS,
    [
      [0, at(0), true],
      [1, at(1, 3 * HOUR_MS), false],
      [2, at(2, 3 * HOUR_MS), false],
      [179, at(179, 3 * HOUR_MS), false],
      [181, at(181, 3 * HOUR_MS), true],
      [183, at(183, 3 * HOUR_MS), true],
    ],
  ],
  [
    'a jump of a month is believed after a day',
    NOW_MS,
    [
      [0, at(0), true],
      [1, at(1, 30 * DAY_MS), false],
      [1439, at(1439, 30 * DAY_MS), false],
      [1441, at(1441, 30 * DAY_MS), true],
    ],
  ],
  [
    'a clock that keeps jumping is never believed',
    NOW_MS,
    [
      [0, at(0), true],
      [1, at(1, 3 * HOUR_MS), false],
      [181, at(181, 6 * HOUR_MS), false],
      [361, at(361, 9 * HOUR_MS), false],
      [541, at(541, 12 * HOUR_MS), false],
    ],
  ],
  [
    'a jump to 2100 is never believed, the return is at once',
    NOW_MS,
    [
      [0, at(0), true],
      [1, YEAR_2100_MS, false],
      [100_001, YEAR_2100_MS + 100_000 * MINUTE_MS, false],
      [100_002, at(100_002), true],
    ],
  ],
  [
    'a start in 2100 is not believed, nor are the points written since a reason to',
    NOW_MS,
    [
      [0, YEAR_2100_MS, false],
      [9999, YEAR_2100_MS + 9999 * MINUTE_MS, false],
      [10_000, at(10_000), true],
    ],
  ],
  [
    'a start in 1970 drops little and is no measure for the right time after it',
    NOW_MS,
    [
      [0, 0, true],
      [1, MINUTE_MS, true],
      [2, at(2), true],
      [3, at(3, DAY_MS), false],
    ],
  ],
  [
    'a clock set back drops less, and its return is no jump',
    NOW_MS,
    [
      [0, at(0), true],
      [1, 0, true],
      [2, at(2, -HOUR_MS), true],
      [3, at(3), true],
      [4, at(4, HOUR_MS), false],
    ],
  ],
  ['a server that was off for a year', NOW_MS - YEAR_MS, [[0, at(0), true]]],
  [
    'an archive of years',
    NOW_MS - 9 * YEAR_MS,
    [
      [0, at(0), true],
      [1, at(1, HOUR_MS), false],
    ],
  ],
  [
    'forecasts beyond the clock',
    NOW_MS + 9 * YEAR_MS,
    [
      [0, at(0), true],
      [1, at(1), true],
    ],
  ],
  [
    'steps of minutes',
    NOW_MS,
    [
      [0, at(0), true],
      [1, at(1, 9 * MINUTE_MS), true],
      [2, at(2, -9 * MINUTE_MS), true],
    ],
  ],
];

for (const [name, newestEndMs, steps] of CASES) {
  guard(`bounds how far a sweep believes the clock: ${name}`, () => {
    const windows =
      newestEndMs === undefined
        ? []
        : [
            { startMs: newestEndMs - 20 * HOUR_MS, endMs: newestEndMs - 18 * HOUR_MS },
            { startMs: newestEndMs - 2 * HOUR_MS, endMs: newestEndMs },
            { startMs: newestEndMs - 4 * HOUR_MS, endMs: newestEndMs - 2 * HOUR_MS },
          ];
    let state = startClockGuard(windows);
    for (const [minutes, wallMs, want] of steps) {
      const verdict = judgeClock(state, { wallMs, monotonicMs: minutes * MINUTE_MS });
      state = verdict.state;
      assert.is(verdict.doubt === undefined, want, `after ${minutes} minutes`);
    }
  });
}

guard('the doubt says how far the clock is off', () => {
  const { state } = judgeClock(startClockGuard([]), { wallMs: NOW_MS, monotonicMs: 0 });
  const { doubt } = judgeClock(state, { wallMs: NOW_MS + 5 * HOUR_MS, monotonicMs: 0 });
  assert.is(doubt, 'the clock has jumped ahead by about 5 h');
});

guard('whatever the clock shows, a sweep never believes a time it has not earned', () => {
  // The truth is where the first reading and monotonic time say; no run lasts as long as a jump.
  const jump = fc.oneof(
    fc.integer({ min: -YEAR_MS, max: 0 }),
    fc.integer({ min: 4 * HOUR_MS, max: 100 * YEAR_MS }),
  );
  const stays = fc.array(fc.tuple(jump, fc.integer({ min: 1, max: 10 })), { maxLength: 20 });
  fc.assert(
    fc.property(stays, (visits) => {
      let { state } = judgeClock(startClockGuard([]), { wallMs: NOW_MS, monotonicMs: 0 });
      let minutes = 0;
      for (const [jumpMs, staysMinutes] of visits) {
        for (let i = 0; i < staysMinutes; i++) {
          minutes++;
          const reading = { wallMs: at(minutes, jumpMs), monotonicMs: minutes * MINUTE_MS };
          const verdict = judgeClock(state, reading);
          state = verdict.state;
          assert.is(verdict.doubt === undefined, jumpMs <= 0);
        }
      }
    }),
    { seed: 2, numRuns: 500 },
  );
});

guard.run();
