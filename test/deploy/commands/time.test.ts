import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseTime } from '../../../deploy/commands/time.ts';

const time = suite('deploy/commands/time');

const NOW_MS = 1_700_000_000_000;
const CASES: readonly [string, number | undefined][] = [
  ['now', NOW_MS],
  ['-1h', NOW_MS - 3_600_000],
  ['-1h30m', NOW_MS - 5_400_000],
  ['1700000000', 1_700_000_000_000],
  ['1700000000.123', 1_700_000_000_123],
  ['-5', -5_000],
  ['2026-01-31T12:00:00Z', Date.UTC(2026, 0, 31, 12)],
  ['2026-01-31T12:00:00+02:00', Date.UTC(2026, 0, 31, 10)],
  ['2026-01-31', Date.UTC(2026, 0, 31)],
  ['noon', undefined],
  ['', undefined],
  ['2026-13-31T12:00:00Z', undefined],
  ['1h', undefined],
];
for (const [text, expected] of CASES) {
  time(`${JSON.stringify(text)} is ${expected ?? 'no time'}`, () => {
    assert.is(parseTime(text, NOW_MS), expected);
  });
}

time.run();
