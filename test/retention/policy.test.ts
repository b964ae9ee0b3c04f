import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createPolicySet,
  expiredWindows,
  type PolicyConfig,
  policyMistakes,
} from '../../retention/policy.ts';
import { type Matcher, type MatchType, StorageError } from '../../storage/index.ts';
import { DAY_MS, HOUR_MS, policy, windowEnding } from '../support/retention.ts';

const policies = suite('retention/policy');

function config(name: string, ...matchers: [string, MatchType, string][]): PolicyConfig {
  return {
    name,
    matchers: matchers.map(([label, type, value]): Matcher => ({ name: label, type, value })),
    keepMs: DAY_MS,
    windowMs: HOUR_MS,
    bytesMax: Infinity,
  };
}

const ORDERED = createPolicySet([
  config('debug', ['env', '=', 'dev']),
  config('cpu', ['__name__', '=~', 'node_cpu.*'], ['env', '!=', 'test']),
  config('unlabelled', ['env', '=', '']),
  config('default'),
]);

const BELONGS: [string, Record<string, string>, string][] = [
  ['the first policy that matches', { env: 'dev', __name__: 'node_cpu_seconds' }, 'debug'],
  ['all matchers of a policy have to hold', { env: 'prod', __name__: 'node_cpu' }, 'cpu'],
  ['one matcher that fails is enough', { env: 'test', __name__: 'node_cpu' }, 'default'],
  ['expressions match the whole value', { env: 'prod', __name__: 'my_node_cpu' }, 'default'],
  ['an absent label is the empty string', { __name__: 'up' }, 'unlabelled'],
  ['what no other takes goes to the last', { env: 'prod', __name__: 'up' }, 'default'],
];

for (const [name, labels, want] of BELONGS) {
  policies(`a series belongs to exactly one policy: ${name}`, () => {
    const sorted = Object.entries(labels)
      .map(([label, value]) => ({ name: label, value }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.is(ORDERED.policies[ORDERED.policyOf(sorted)]?.name, want);
  });
}

policies('an expression answers the same however many values it has seen', () => {
  const set = createPolicySet([config('odd', ['n', '=~', '.*[13579]']), config('even')]);
  for (let pass = 0; pass < 2; pass++) {
    for (let n = 0; n < 10_000; n++) {
      if (set.policyOf([{ name: 'n', value: String(n) }]) !== (n + 1) % 2)
        assert.unreachable(`${n}`);
    }
  }
});

const MISTAKES: [string, PolicyConfig[], [number | undefined, string | undefined, RegExp][]][] = [
  ['no policy at all', [], [[undefined, undefined, /last policy must take every series/]]],
  [
    'a last policy that leaves series over',
    [config('a'), config('b', ['env', '=', 'dev'])],
    [[1, 'matchers', /match: '\{\}'/]],
  ],
  ['two of one name', [config('a', ['x', '=', '1']), config('a')], [[1, 'name', /called "a"/]]],
  ['a name without characters', [config('')], [[0, 'name', /1 to 128/]]],
  ['nothing kept', [{ ...config('a'), keepMs: 0 }], [[0, 'keepMs', /over|at least 1 ms/]]],
  ['keep that is no number', [{ ...config('a'), keepMs: Number.NaN }], [[0, 'keepMs', /forever/]]],
  ['windows without width', [{ ...config('a'), windowMs: 0 }], [[0, 'windowMs', /at least 1 ms/]]],
  ['room for nothing', [{ ...config('a'), bytesMax: 0 }], [[0, 'bytesMax', /max_bytes.*null/]]],
  ['windows for ever', [{ ...config('a'), windowMs: Infinity }], [[0, 'windowMs', /duration/]]],
  [
    'a broken expression, and other mistakes beside it',
    [{ ...config('a', ['x', '=~', '(']), keepMs: -1 }, config('b')],
    [
      [0, 'keepMs', /keep/],
      [0, 'matchers', /\(/],
    ],
  ],
];

for (const [name, configs, want] of MISTAKES) {
  policies(`a mistake is named with its place: ${name}`, () => {
    const mistakes = policyMistakes(configs);
    assert.is(mistakes.length, want.length);
    want.forEach(([index, field, message], i) => {
      assert.is(mistakes[i]?.index, index);
      assert.is(mistakes[i]?.field, field);
      assert.match(mistakes[i]?.message ?? '', message);
    });
    assert.throws(
      () => createPolicySet(configs),
      (error: unknown) => error instanceof StorageError && error.code === 'INVALID_ARGUMENT',
    );
  });
}

policies('the example of the contract has no mistake', () => {
  const configs = [
    config('debug', ['env', '=', 'dev']),
    { ...config('default'), keepMs: Infinity },
  ];
  assert.equal(policyMistakes(configs), []);
});

const day = policy('day', DAY_MS);
const END_MS = 1_700_000_000_000;
const EXPIRY: [string, number, number, boolean][] = [
  ['a millisecond before its keep is over', DAY_MS, END_MS + DAY_MS - 1, false],
  ['as its keep is over', DAY_MS, END_MS + DAY_MS, true],
  ['by a shorter keep in force', HOUR_MS, END_MS + HOUR_MS, true],
  ['by a longer keep in force', 2 * DAY_MS, END_MS + DAY_MS, false],
  ['kept for ever, at the end of time', Infinity, Number.MAX_SAFE_INTEGER, false],
];

for (const [name, keepMs, nowMs, want] of EXPIRY) {
  policies(`a window expires, or not: ${name}`, () => {
    const windows = [windowEnding(day, END_MS)];
    const expired = expiredWindows(windows, [policy('day', keepMs)], nowMs);
    assert.is(expired.length === 1, want);
  });
}

policies('a window whose policy is gone keeps the keep it was written with', () => {
  const windows = [windowEnding(day, END_MS)];
  const others = [policy('other', 1)];
  assert.is(expiredWindows(windows, others, END_MS + DAY_MS - 1).length, 0);
  assert.is(expiredWindows(windows, others, END_MS + DAY_MS).length, 1);
});

policies('windows before 1970 expire like any other', () => {
  const windows = [windowEnding(day, -END_MS)];
  assert.is(expiredWindows(windows, [day], -END_MS + DAY_MS - 1).length, 0);
  assert.is(expiredWindows(windows, [day], -END_MS + DAY_MS).length, 1);
});

policies('no point goes before its keep, none stays past keep and window', () => {
  const durationMs = fc.integer({ min: 1, max: 100 * DAY_MS });
  const timeMs = fc.integer({ min: -(2 ** 45), max: 2 ** 45 });
  fc.assert(
    fc.property(durationMs, durationMs, timeMs, timeMs, (keepMs, windowMs, pointMs, nowMs) => {
      const own = policy('own', keepMs, windowMs);
      const startMs = Math.floor(pointMs / windowMs) * windowMs;
      const expired = expiredWindows([windowEnding(own, startMs + windowMs)], [own], nowMs);
      const ageMs = nowMs - pointMs;
      if (ageMs < keepMs) assert.is(expired.length, 0);
      if (ageMs >= keepMs + windowMs) assert.is(expired.length, 1);
    }),
    { seed: 2, numRuns: 2000 },
  );
});

policies.run();
