import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planSweep } from '../../retention/plan.ts';
import { formatPlan } from '../../retention/plan-text.ts';
import { DAY_MS, HOUR_MS, policy, windowEnding } from '../support/retention.ts';

const planText = suite('retention/plan-text');

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');

planText('is a table with a line per policy and one that sums up', () => {
  const debug = policy('debug', DAY_MS + 12 * HOUR_MS);
  const forever = policy('forever', Infinity);
  const windows = [
    { ...windowEnding(debug, NOW_MS - 2 * DAY_MS), points: 1234, sizeBytes: 3 * 2 ** 20 },
    { ...windowEnding(debug, NOW_MS), points: 1, sizeBytes: 512 },
    windowEnding(policy('gone', DAY_MS), NOW_MS),
  ];
  assert.is(
    formatPlan(planSweep(windows, [debug, forever], NOW_MS)),
    `
POLICY          KEEP     WINDOWS  POINTS    BYTES  DROPPED  POINTS    BYTES  NEXT EXPIRY
debug           1d12h          2    1235  3.0 MiB        1    1234  3.0 MiB  2026-03-03T00:00:00Z
forever         forever        0       0      0 B        0       0      0 B  -
gone (removed)  1d             1      10    160 B        0       0      0 B  2026-03-02T12:00:00Z
a sweep at 2026-03-01T12:00:00Z drops 1 window with 1234 points, 3.0 MiB
`.slice(1),
  );
});

planText('says that nothing is dropped, and when no date can say it', () => {
  const text = formatPlan(planSweep([], [policy('default', 30 * DAY_MS)], 2 ** 53));
  assert.match(text, /^a sweep at 9007199254740992 ms drops nothing\n$/m);
});

planText.run();
