import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { refusalOf } from '../../../deploy/http/host-check.ts';

const hostCheck = suite('deploy/http/host-check');

const RULES = {
  listenHost: '127.0.0.1',
  allowedHosts: ['metrics.test', 'other.test:81'],
  corsOrigins: ['https://grafana.test'],
};

const CASES: readonly [string, string | undefined, string | undefined, RegExp | undefined][] = [
  ['localhost', 'localhost:4318', undefined, undefined],
  ['a loopback address', '127.0.0.1:4318', undefined, undefined],
  ['another loopback address', '127.8.9.1', undefined, undefined],
  ['IPv6 loopback', '[::1]:4318', undefined, undefined],
  ['IPv6 loopback without a port', '[::1]', undefined, undefined],
  ['upper case', 'LOCALHOST:4318', undefined, undefined],
  ['an allowed host on any port', 'metrics.test:99', undefined, undefined],
  ['an allowed host and port', 'other.test:81', undefined, undefined],
  ['an allowed host on another port', 'other.test:82', undefined, /other\.test:82.*allowed_hosts/],
  ['a name that was made to point here', 'evil.test', undefined, /evil\.test.*allowed_hosts/],
  ['a name that begins like ours', 'localhost.evil.test', undefined, /not known here/],
  ['a name that begins like an address', '127.0.0.1.evil.test', undefined, /not known here/],
  ['no host', undefined, undefined, /\(none\)/],
  ['our own page', 'localhost:4318', 'http://localhost:4318', undefined],
  ['an allowed origin', 'localhost:4318', 'https://grafana.test', undefined],
  ['a foreign page', 'localhost:4318', 'https://evil.test', /evil\.test.*cors_origins/],
  ['a page of another local server', 'localhost:4318', 'http://localhost:3000', /cors_origins/],
  ['a page without an origin of its own', 'localhost:4318', 'null', /pages of null/],
  ['our page over another scheme', 'localhost:4318', 'https://localhost:4318', /cors_origins/],
];
for (const [title, host, origin, expected] of CASES) {
  hostCheck(`${title} is ${expected === undefined ? 'let in' : 'refused'}`, () => {
    const refusal = refusalOf(RULES, { host, origin });
    if (expected === undefined) assert.is(refusal, undefined);
    else assert.match(refusal?.message ?? 'let in', expected);
  });
}

hostCheck('a server that other machines reach has names that it cannot know', () => {
  const rules = { ...RULES, listenHost: '0.0.0.0' };
  assert.is(refusalOf(rules, { host: 'varve.example.org', origin: 'https://x.test' }), undefined);
});

hostCheck.run();
