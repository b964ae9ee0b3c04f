import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { excessWindows } from '../../retention/byte-limit.ts';
import { DAY_MS, HOUR_MS, policy, windowEnding } from '../support/retention.ts';

const byteLimit = suite('retention/byte-limit');

const NOW_MS = 1_700_000_000_000;
const hourly = policy('hourly', DAY_MS);

/** Hours ago that windows of 160 bytes end, the limit, and those that go. */
const CASES: [string, number[], number, number[]][] = [
  ['nothing while it all fits', [3, 2, 1], 480, []],
  ['the oldest, whatever their order', [1, 3, 2], 479, [3]],
  ['as many as are needed', [3, 2, 1], 200, [3, 2]],
  ['the newest too when it alone does not fit and is closed', [3, 2, 1], 159, [3, 2, 1]],
  ['one that ended just now', [0], 1, [0]],
  ['what takes points counts and stays', [3, 2, -1], 320, [3]],
  ['not even what takes points alone', [2, -1, -2], 1, [2]],
  ['without a limit nothing', [3, 2, 1], Infinity, []],
];

for (const [name, hoursAgo, bytesMax, want] of CASES) {
  byteLimit(`drops to get below max_bytes: ${name}`, () => {
    const ending = (hours: number) => windowEnding(hourly, NOW_MS - hours * HOUR_MS);
    const windows = hoursAgo.map(ending);
    assert.equal(excessWindows(windows, bytesMax, NOW_MS), want.map(ending));
  });
}

byteLimit('of windows that end together, the widest goes first', () => {
  const daily = windowEnding(policy('daily', DAY_MS, DAY_MS), NOW_MS);
  const windows = [windowEnding(hourly, NOW_MS), daily];
  assert.equal(excessWindows(windows, 200, NOW_MS), [daily]);
});

byteLimit.run();
