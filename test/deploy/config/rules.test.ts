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
