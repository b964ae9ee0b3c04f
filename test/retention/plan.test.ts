import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planSweep } from '../../retention/plan.ts';
import { DAY_MS, HOUR_MS, policy, windowEnding } from '../support/retention.ts';

const plan = suite('retention/plan');

const NOW_MS = 1_700_000_000_000;
const debug = policy('debug', DAY_MS);
const forever = policy('forever', Infinity);
const gone = policy('gone', 2 * DAY_MS);

plan('tells per policy what is stored, what goes now, and when the next goes', () => {
  const windows = [
    windowEnding(debug, NOW_MS - DAY_MS - HOUR_MS),
    windowEnding(debug, NOW_MS - DAY_MS),
    windowEnding(debug, NOW_MS - DAY_MS + HOUR_MS),
    windowEnding(debug, NOW_MS),
    windowEnding(forever, 0),
  ];
  const { policies, expired } = planSweep(windows, [debug, forever], NOW_MS);
  assert.equal(expired, windows.slice(0, 2));
  assert.equal(policies, [
    {
      name: 'debug',
      keepMs: DAY_MS,
      inForce: true,
      stored: { windows: 4, points: 40, sizeBytes: 640 },
      expired: { windows: 2, points: 20, sizeBytes: 320 },
      nextExpiryMs: NOW_MS + HOUR_MS,
    },
    {
      name: 'forever',
      keepMs: Infinity,
      inForce: true,
      stored: { windows: 1, points: 10, sizeBytes: 160 },
      expired: { windows: 0, points: 0, sizeBytes: 0 },
      nextExpiryMs: undefined,
    },
  ]);
});

plan('a policy that is gone from the config follows those in force, by each keep it had', () => {
  const windows = [
    windowEnding(gone, NOW_MS - DAY_MS),
    windowEnding({ ...gone, keepMs: HOUR_MS }, NOW_MS),
  ];
  const { policies } = planSweep(windows, [debug], NOW_MS);
  assert.equal(
    policies.map(({ name, keepMs, inForce, nextExpiryMs }) => [
      name,
      keepMs,
      inForce,
      nextExpiryMs,
    ]),
    [
      ['debug', DAY_MS, true, undefined],
      ['gone', 2 * DAY_MS, false, NOW_MS + DAY_MS],
      ['gone', HOUR_MS, false, NOW_MS + HOUR_MS],
    ],
  );
});

plan('a keep that was changed holds for windows written before the change', () => {
  const windows = [windowEnding(debug, NOW_MS - 2 * HOUR_MS)];
  const { policies, expired } = planSweep(windows, [policy('debug', HOUR_MS)], NOW_MS);
  assert.is(expired.length, 1);
  assert.is(policies.length, 1);
  assert.is(policies[0]?.keepMs, HOUR_MS);
});

plan('each of ten policies lets go of its own windows', () => {
  const many = Array.from({ length: 10 }, (_, i) => policy(`p${i}`, (i + 1) * DAY_MS));
  const windows = many.flatMap((own) =>
    Array.from({ length: 40 }, (_, i) => windowEnding(own, NOW_MS - i * DAY_MS)),
  );
  const { policies, expired } = planSweep(windows, many, NOW_MS);
  assert.equal(
    policies.map((own) => own.expired.windows),
    many.map((_, i) => 39 - i),
  );
  assert.is(expired.length, 345);
});

plan.run();
