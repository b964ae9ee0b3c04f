import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planSweep } from '../../retention/plan.ts';
import { DAY_MS, HOUR_MS, policy, rulesOf, windowEnding } from '../support/retention.ts';

const plan = suite('retention/plan');

const NOW_MS = 1_700_000_000_000;
const NOTHING = { windows: 0, seriesPerWindowMax: 0, points: 0, sizeBytes: 0 };
const NO_DROPS = { keep: NOTHING, max_bytes: NOTHING, total_max_bytes: NOTHING };
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
  const { policies, drops } = planSweep(windows, rulesOf([debug, forever]), NOW_MS);
  assert.equal(
    drops.map(({ window }) => window),
    windows.slice(0, 2),
  );
  assert.equal(policies, [
    {
      name: 'debug',
      keepMs: DAY_MS,
      windowMs: HOUR_MS,
      bytesMax: Infinity,
      inForce: true,
      stored: { windows: 4, seriesPerWindowMax: 2, points: 40, sizeBytes: 640 },
      drops: {
        ...NO_DROPS,
        keep: { windows: 2, seriesPerWindowMax: 2, points: 20, sizeBytes: 320 },
      },
      overBytes: 0,
      nextExpiryMs: NOW_MS + HOUR_MS,
    },
    {
      name: 'forever',
      keepMs: Infinity,
      windowMs: HOUR_MS,
      bytesMax: Infinity,
      inForce: true,
      stored: { windows: 1, seriesPerWindowMax: 2, points: 10, sizeBytes: 160 },
      drops: NO_DROPS,
      overBytes: 0,
      nextExpiryMs: undefined,
    },
  ]);
});

plan('a policy that is gone from the config follows those in force, by each keep it had', () => {
  const windows = [
    windowEnding(gone, NOW_MS - DAY_MS),
    windowEnding({ ...gone, keepMs: HOUR_MS }, NOW_MS),
  ];
  const { policies } = planSweep(windows, rulesOf([debug]), NOW_MS);
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
  const { policies, drops } = planSweep(windows, rulesOf([policy('debug', HOUR_MS)]), NOW_MS);
  assert.is(drops.length, 1);
  assert.is(policies.length, 1);
  assert.is(policies[0]?.keepMs, HOUR_MS);
});

plan('max_bytes of a policy comes after its keep, that of all policies last', () => {
  const limited = { ...debug, bytesMax: 320 };
  const windows = [
    windowEnding(forever, 0),
    windowEnding(forever, NOW_MS - HOUR_MS),
    windowEnding(debug, NOW_MS - DAY_MS),
    windowEnding(debug, NOW_MS - 3 * HOUR_MS),
    windowEnding(debug, NOW_MS - 2 * HOUR_MS),
    windowEnding(debug, NOW_MS + HOUR_MS),
  ];
  const { policies, drops, overBytes } = planSweep(
    windows,
    rulesOf([limited, forever], 480),
    NOW_MS,
  );
  assert.equal(
    drops.map(({ window, reason }) => [windows.indexOf(window), reason]),
    [
      [2, 'keep'],
      [3, 'max_bytes'],
      [0, 'total_max_bytes'],
    ],
  );
  assert.equal(
    policies.map((own) => [
      own.drops.keep.windows,
      own.drops.max_bytes.windows,
      own.drops.total_max_bytes.windows,
    ]),
    [
      [1, 1, 0],
      [0, 0, 1],
    ],
  );
  assert.is(overBytes, 0);
});

plan('tells by how much the windows that take points are over max_bytes', () => {
  const windows = [windowEnding(debug, NOW_MS + HOUR_MS)];
  const own = planSweep(windows, rulesOf([{ ...debug, bytesMax: 100 }], 150), NOW_MS);
  assert.equal(own.drops, []);
  assert.is(own.policies[0]?.overBytes, 60);
  assert.is(own.overBytes, 10);
});

plan('each of ten policies lets go of its own windows', () => {
  const many = Array.from({ length: 10 }, (_, i) => policy(`p${i}`, (i + 1) * DAY_MS));
  const windows = many.flatMap((own) =>
    Array.from({ length: 40 }, (_, i) => windowEnding(own, NOW_MS - i * DAY_MS)),
  );
  const { policies, drops } = planSweep(windows, rulesOf(many), NOW_MS);
  assert.equal(
    policies.map((own) => own.drops.keep.windows),
    many.map((_, i) => 39 - i),
  );
  assert.is(drops.length, 345);
});

plan.run();
