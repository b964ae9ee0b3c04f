import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TIMESTAMP_MS_MAX, windowStart } from '../../storage/window.ts';
import { property } from '../support/seed.ts';

const window = suite('storage/window');
const HOUR_MS = 3_600_000;

const CASES: [string, number, number, number][] = [
  ['the epoch', 0, HOUR_MS, 0],
  ['the last ms of a window', HOUR_MS - 1, HOUR_MS, 0],
  ['the first ms of the next', HOUR_MS, HOUR_MS, HOUR_MS],
  ['just before the epoch', -1, HOUR_MS, -HOUR_MS],
  ['a boundary before the epoch', -HOUR_MS, HOUR_MS, -HOUR_MS],
  ['a time of day', 1_700_000_000_123, 2 * HOUR_MS, 1_699_999_200_000],
];
for (const [name, timestampMs, widthMs, want] of CASES) {
  window(`${name} lies in the window from ${want}`, () => {
    // `===`, as 0 and -0 are one start.
    assert.ok(windowStart(timestampMs, widthMs) === want);
  });
}

window('the start is what integers of any size give, up to both ends of time', () => {
  const max = BigInt(TIMESTAMP_MS_MAX);
  const times = fc.oneof(
    fc.bigInt({ min: -max, max }),
    fc.bigInt({ min: max - 10_000n, max }),
    fc.bigInt({ min: -max, max: -max + 10_000n }),
  );
  const widths = fc.integer({ min: 1, max: 10 ** 9 }).map((half) => 2 * half);
  fc.assert(
    fc.property(times, widths, (time, width) => {
      const wide = BigInt(width);
      const past = ((time % wide) + wide) % wide;
      const start = windowStart(Number(time), width);
      assert.is(BigInt(start), time - past);
      assert.ok(BigInt(start + width) > time);
    }),
    property(2000),
  );
});

window.run();
