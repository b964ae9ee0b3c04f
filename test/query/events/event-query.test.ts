import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseEventQuery } from '../../../query/events/event-query.ts';
import { eventTimeParameter, formatNs } from '../../../query/events/event-time.ts';
import { DEFAULT_LIMITS } from '../../../query/limits.ts';
import { toError } from '../../../storage/errors.ts';

const queries = suite('query/events/event-query');

const BODIES = ['GET /a 200', 'GET /b 500 "slow"', 'POST /a 500', 'ünïcode\nline', ''];

const ACCEPTED: readonly [query: string, bodies: readonly number[]][] = [
  ['{a="b"}', [0, 1, 2, 3, 4]],
  ['{a="b"} |= "GET"', [0, 1]],
  ['{a="b"}|="GET"!="500"', [0]],
  ['{a="b"} |~ "/a \\\\d00$"', [0, 2]],
  ['{a="b"} |~ `\\s\\d00$` !~ `^P`', [0]],
  ['{a="b"} |= "\\"slow\\""', [1]],
  ['{a="b"} |= \'ü\' |= "\\n"', [3]],
  ['{a="b"} |= ""', [0, 1, 2, 3, 4]],
  ['{a="}|= x", c!="d"} != "G"', [2, 3, 4]],
  ['name |= "P"', [2]],
  ['name{a!="b"} |= "P"', [2]],
];

for (const [text, bodies] of ACCEPTED) {
  queries(`${text} accepts what it says`, () => {
    const { filter } = parseEventQuery(text, DEFAULT_LIMITS);
    const accepted = BODIES.map((body, i) => [i, Buffer.from(body)] as const)
      .filter(([, body]) => filter?.accepts(body) ?? true)
      .map(([i]) => i);
    assert.equal(accepted, bodies);
    for (const i of accepted) {
      const body = Buffer.from(BODIES[i]!);
      assert.ok((filter?.contains ?? []).every((needle) => body.includes(Buffer.from(needle))));
    }
  });
}

queries('the selector is one of PromQL', () => {
  const { matchers } = parseEventQuery('name{a!="b",c=~"d|e"} |= "P"', DEFAULT_LIMITS);
  assert.equal(matchers, [
    { name: 'a', type: '!=', value: 'b' },
    { name: 'c', type: '=~', value: 'd|e' },
    { name: '__name__', type: '=', value: 'name' },
  ]);
});

const REFUSED: readonly [query: string, message: RegExp][] = [
  ['', /no expression/],
  ['|= "x"', /no expression|unexpected/],
  ['{a="b"} |= x', /1:9: parse error: expected \|=/],
  ['{a="b"} "x"', /unexpected/],
  ['{a="b"} |= "x', /expected \|=/],
  ['{a="b"} |~ "("', /1:12: parse error: invalid regular expression/],
  ['{a="b"} |~ "(?=x)"', /invalid regular expression/],
  [`{a="b"}${' |= "x"'.repeat(33)}`, /more than 32 tests/],
];

for (const [text, message] of REFUSED) {
  queries(`${text.slice(0, 30)} is refused`, () => {
    let refused: unknown;
    try {
      parseEventQuery(text, DEFAULT_LIMITS);
    } catch (error) {
      refused = error;
    }
    assert.match(toError(refused).message, message);
  });
}

const TIMES: readonly [text: string, ms: number, nanos: number][] = [
  ['1700000000', 1_700_000_000_000, 0],
  ['1700000000.5', 1_700_000_000_500, 0],
  ['1700000000.000000001', 1_700_000_000_000, 1],
  ['-1.5', -1500, 0],
  ['1700000000123', 1_700_000_000_123, 0],
  ['1700000000123456789', 1_700_000_000_123, 456_789],
  ['-100000000000001', -100_000_001, 999_999],
  ['2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1), 0],
  ['2026-01-01T01:00:00.123456789+01:00', Date.UTC(2026, 0, 1) + 123, 456_789],
];

for (const [text, ms, nanos] of TIMES) {
  queries(`${text} is a time`, () => {
    const time = eventTimeParameter(new URLSearchParams({ start: text }), 'start');
    assert.equal(time, { ms, nanos });
    const again = new URLSearchParams({ start: formatNs(ms, nanos) });
    if (text.length > 13 && !/[-.T]/.test(text)) assert.is(again.get('start'), text);
  });
}

for (const text of ['now', '1e9', '2026-01-01', '99999999999999999999', '2026-13-01T00:00:00Z']) {
  queries(`${text} is no time`, () => {
    const parameters = new URLSearchParams({ start: text });
    assert.throws(() => eventTimeParameter(parameters, 'start'), /invalid parameter "start"/);
  });
}

queries.run();
