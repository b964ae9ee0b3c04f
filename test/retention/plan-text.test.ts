import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planSweep } from '../../retention/plan.ts';
import { formatPlan } from '../../retention/plan-text.ts';
import { DAY_MS, HOUR_MS, policy, rulesOf, windowEnding } from '../support/retention.ts';

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
  const text = formatPlan(planSweep(windows, rulesOf([debug, forever]), NOW_MS));
  assert.equal(text.split('\n'), [
    'POLICY          KEEP     LIMIT  WINDOWS  SERIES/WINDOW  POINTS    BYTES' +
      '  DROPPED  POINTS    BYTES  NEXT EXPIRY',
    'debug           1d12h        -        2              2    1235  3.0 MiB' +
      '        1    1234  3.0 MiB  2026-03-03T00:00:00Z',
    'forever         forever      -        0              0       0      0 B' +
      '        0       0      0 B  -',
    'gone (removed)  1d           -        1              2      10    160 B' +
      '        0       0      0 B  2026-03-02T12:00:00Z',
    'a sweep at 2026-03-01T12:00:00Z drops 1 window with 1234 points, 3.0 MiB',
    '(removed): what is stored under it stays there, and goes by the keep it had',
    '',
  ]);
});

planText('says why windows go, and what is over a limit and stays', () => {
  const limited = { ...policy('debug', DAY_MS), bytesMax: 200 };
  const windows = [
    windowEnding(limited, NOW_MS - DAY_MS),
    windowEnding(limited, NOW_MS - HOUR_MS),
    windowEnding(limited, NOW_MS + HOUR_MS),
    { ...windowEnding(limited, NOW_MS + 2 * HOUR_MS), sizeBytes: 2048 },
  ];
  const lines = formatPlan(planSweep(windows, rulesOf([limited], 2 ** 10), NOW_MS)).split('\n');
  assert.match(lines[1]!, /^debug +1d +200 B +4 /);
  assert.equal(lines.slice(2), [
    'a sweep at 2026-03-01T12:00:00Z drops 2 windows with 20 points, 320 B',
    '  past keep: 1 window, 160 B',
    '  over max_bytes of its policy: 1 window, 160 B',
    'debug: 2.0 KiB over max_bytes, in windows that still take points',
    'all policies: 1.2 KiB over max_bytes, in windows that still take points',
    '',
  ]);
});

planText('says that nothing is dropped, and when no date can say it', () => {
  const text = formatPlan(planSweep([], rulesOf([policy('default', 30 * DAY_MS)]), 2 ** 53));
  assert.match(text, /^a sweep at 9007199254740992 ms drops nothing\n$/m);
});

planText.run();
