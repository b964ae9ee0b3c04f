// Rules that look at more than one key of the config.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatProblem, parseConfig } from '../../../deploy/config.ts';

const rules = suite('deploy/config/rules');

function mistakes(text: string): string[] {
  const result = parseConfig('varve.yaml', text);
  return result.ok ? [] : result.problems.map(formatProblem);
}

/** A config with these policies, from its third line on. */
function policies(...items: string[]): string {
  return `retention:\n  policies:\n${items.map((item) => `    - ${item}\n`).join('')}`;
}

function tokens(...lines: string[]): string {
  return `auth: {tokens: [\n  ${lines.join(',\n  ')}]}`;
}

function eventMetrics(...items: string[]): string {
  return `ingest:\n  event_metrics:\n${items.map((item) => `    - ${item}\n`).join('')}`;
}

const BROKEN_RULES: readonly [string, string, RegExp][] = [
  [
    'policies need a last one for every series',
    'retention:\n  policies:\n    - {name: a, match: \'{a="b"}\', keep: 3d}',
    /:3: retention\.policies\[0\]\.match: .*'\{\}'/,
  ],
  [
    'two policies may not share a name',
    policies('{name: a, match: \'{b="c"}\', keep: 3d}', "{name: a, match: '{}', keep: 3d}"),
    /:4: retention\.policies\[1\]\.name: .*a.*already/,
  ],
  [
    'a policy behind one that takes every series is never reached',
    policies("{name: a, match: '{}', keep: 3d}", "{name: b, match: '{}', keep: 3d}"),
    /:4: retention\.policies\[1\]\.match: never reached/,
  ],
  ['gRPC on every address needs a word', 'grpc: {listen: "[::]:4317"}', /:1: grpc\.listen: :: can/],
  ['a certificate needs its key', 'tls: {cert: a.pem}', /:1: tls\.key: .*both/],
  [
    'two tokens may not share a name',
    tokens(
      `{name: a, token_sha256: ${'ab'.repeat(32)}, can: [read]}`,
      `{name: a, token_sha256: ${'cd'.repeat(32)}, can: [read]}`,
    ),
    /:3: auth\.tokens\[1\]\.name: another token is called a/,
  ],
  [
    'two tokens may not share a hash',
    tokens(
      `{name: a, token_sha256: ${'ab'.repeat(32)}, can: [read]}`,
      `{name: b, token_sha256: ${'ab'.repeat(32)}, can: [read]}`,
    ),
    /:3: auth\.tokens\[1\]\.token_sha256: another token has the same hash/,
  ],
  [
    'the label of a token has a value',
    tokens(`{name: a, token_sha256: ${'ab'.repeat(32)}, can: [read], labels: {team: ""}}`),
    /:2: auth\.tokens\[0\]\.labels\.team: a label needs a name and a value/,
  ],
  [
    'two metrics of events may not share a name',
    eventMetrics('{name: a, match: \'{b="c"}\'}', '{name: a, match: \'{b="d"}\'}'),
    /:4: ingest\.event_metrics\[1\]\.name: another metric is called a/,
  ],
  [
    'a metric of events keeps a label once, and not its name',
    eventMetrics('{name: a, match: \'{b="c"}\', by: [b, __name__]}'),
    /:3: ingest\.event_metrics\[0\]\.by\[1\]: __name__ is the name/,
  ],
  [
    'the events of a metric are selected as /api/v1/events has it',
    eventMetrics('{name: a, match: \'{b="c"} |~ "("\'}'),
    /:3: ingest\.event_metrics\[0\]\.match: expected a selector and texts .*invalid regular/,
  ],
  [
    'a value of a metric of events has one named group',
    eventMetrics("{name: a, match: '{b=\"c\"}', value: '([0-9]+)'}"),
    /:3: ingest\.event_metrics\[0\]\.value: expected a regular expression .*name one group/,
  ],
  [
    'the name of a metric of events can be asked for',
    eventMetrics('{name: a b, match: \'{b="c"}\'}'),
    /:3: ingest\.event_metrics\[0\]\.name: expected the name of a metric/,
  ],
  [
    'only a token that may write has limits of what is written',
    tokens(`{name: a, token_sha256: ${'ab'.repeat(32)}, can: [read], limits: {series: 5}}`),
    /:2: auth\.tokens\[0\]\.limits\.series: limits what is written, and the token may not write/,
  ],
];
for (const [title, text, expected] of BROKEN_RULES) {
  rules(title, () => {
    const found = mistakes(text);
    assert.ok(
      found.some((line) => expected.test(line)),
      found.join('\n'),
    );
  });
}

rules('every address may be listened on when auth.open says so', () => {
  assert.equal(mistakes('auth: {open: true}\nhttp: {listen: "0.0.0.0:80"}'), []);
});

rules.run();
