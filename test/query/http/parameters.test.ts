import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  durationParameter,
  limitParameter,
  rangeParameter,
  requestParameters,
  timeParameter,
  unescapeLabelName,
} from '../../../query/http/parameters.ts';
import { DEFAULT_LIMITS } from '../../../query/index.ts';

const parameters = suite('query/http/parameters');

const TIMES: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['1.5', 1500],
  ['-1.0004', -1000],
  ['1e9', 1e12],
  ['1435781451.781', 1_435_781_451_781],
  ['2015-07-01T20:10:51.781Z', 1_435_781_451_781],
  ['2015-07-01T22:10:51.781999+02:00', 1_435_781_451_781],
  ['-292273086-05-16T16:47:06Z', -(2 ** 53)],
  ['+292277025-08-18T07:12:54.999999999Z', 2 ** 53],
  ['1e300', 2 ** 53],
];

for (const [text, want] of TIMES) {
  parameters(`reads the time ${text}`, () => {
    assert.is(timeParameter(new URLSearchParams({ time: text }), 'time'), want);
  });
}

for (const text of [
  '',
  'now',
  '2015-07-01',
  '2015-13-01T00:00:00Z',
  '1h',
  '0x10',
  'NaN',
  'Infinity',
]) {
  parameters(`refuses the time ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => timeParameter(new URLSearchParams({ time: text }), 'time'),
      `invalid parameter "time": cannot parse ${JSON.stringify(text)} to a valid timestamp`,
    );
  });
}

const DURATIONS: readonly (readonly [string, number | undefined])[] = [
  ['', undefined],
  ['60', 60_000],
  ['0.5', 500],
  ['1m', 60_000],
  ['1h30m', 5_400_000],
  ['1d12h5ms', 129_600_005],
  ['-5', -5000],
];

for (const [text, want] of DURATIONS) {
  parameters(`reads the duration ${JSON.stringify(text)}`, () => {
    assert.is(durationParameter(new URLSearchParams({ step: text }), 'step'), want);
  });
}

for (const text of ['m', '1m1h', '5x', '1e30']) {
  parameters(`refuses the duration ${text}`, () => {
    assert.throws(
      () => durationParameter(new URLSearchParams({ step: text }), 'step'),
      /^invalid parameter "step": cannot parse ".*" to a valid duration|^$/,
    );
  });
}

parameters('reads a range with both ends included, and one that is open', () => {
  const both = rangeParameter(new URLSearchParams({ start: '1', end: '2' }));
  assert.equal(both, { startMs: 1000, endMs: 2001 });
  const open = rangeParameter(new URLSearchParams({ start: '1' }));
  assert.equal(open, { startMs: 1000, endMs: 2 ** 53 + 2 });
  assert.is(rangeParameter(new URLSearchParams()), undefined);
});

parameters('reads a limit of 0 as none', () => {
  assert.is(limitParameter(new URLSearchParams()), Infinity);
  assert.is(limitParameter(new URLSearchParams({ limit: '0' })), Infinity);
  assert.is(limitParameter(new URLSearchParams({ limit: '7' })), 7);
  assert.throws(() => limitParameter(new URLSearchParams({ limit: 'many' })), /valid limit/);
});

const NAMES: readonly (readonly [string, string])[] = [
  ['job', 'job'],
  ['U__job', 'job'],
  ['U__with_2e_dot', 'with.dot'],
  ['U__a__b', 'a_b'],
  ['U___1f600_', '\u{1f600}'],
  ['U__broken_2', 'U__broken_2'],
];

for (const [escaped, want] of NAMES) {
  parameters(`reads the label name ${escaped}`, () => {
    assert.is(unescapeLabelName(escaped), want);
  });
}

parameters('reads a form, then what is behind the question mark', () => {
  const read = requestParameters({ body: 'query=a%2Bb+c&time=1', url: '/x?query=d' });
  assert.equal(
    [...read],
    [
      ['query', 'a+b c'],
      ['time', '1'],
      ['query', 'd'],
    ],
  );
});

for (const [what, text] of [
  ['plain', `query=${'x'.repeat(101)}`],
  ['escaped', `time=1&query=${'%2B'.repeat(101)}&step=1`],
] as const) {
  parameters(`refuses an expression that is too long, ${what}`, () => {
    const limits = { ...DEFAULT_LIMITS, expressionBytesMax: 100 };
    assert.throws(
      () => requestParameters({ body: text, url: '/x' }, limits),
      (error: Error) =>
        /^invalid parameter "query": the expression has 101 bytes \(limit 100, /.test(
          error.message,
        ),
    );
  });
}

parameters('lets an expression pass whose escapes are long only', () => {
  const limits = { ...DEFAULT_LIMITS, expressionBytesMax: 100 };
  const read = requestParameters({ body: undefined, url: `/x?query=${'%2B'.repeat(100)}` }, limits);
  assert.is(read.get('query'), '+'.repeat(100));
});

parameters.run();
