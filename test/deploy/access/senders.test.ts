import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFindSender } from '../../../deploy/access/senders.ts';
import { createTokens, hashOf, type Token, type Tokens } from '../../../deploy/access/tokens.ts';
import { ANYBODY } from '../../../ingest/index.ts';

const senders = suite('deploy/access/senders');

const NO_LIMITS = { points_per_second: null, series: null, series_per_metric: null };

function token(name: string, more: Partial<Token> = {}): Token {
  const token_sha256 = hashOf(`secret-${name}`);
  return { name, token_sha256, can: ['write'], labels: {}, limits: NO_LIMITS, ...more };
}

const OWN = token('self-monitoring');
const show = (name: string) => `Bearer secret-${name}`;

senders('who shows no token, or none that is known, is anybody', () => {
  const find = createFindSender(() => createTokens([token('a')], OWN));
  for (const shown of [undefined, '', 'Bearer wrong', 'secret-a']) assert.is(find(shown), ANYBODY);
});

senders('a token is one sender, however it is shown', () => {
  const find = createFindSender(() => tokens);
  const tokens = createTokens([token('a', { labels: { team: 'red', env: 'dev' } })], OWN);
  const sender = find(show('a'));
  assert.is(sender.name, 'a');
  assert.equal(sender.labels, [
    { name: 'env', value: 'dev' },
    { name: 'team', value: 'red' },
  ]);
  assert.is(find('Token secret-a'), sender);
  assert.is(find(`Basic ${btoa('anybody:secret-a')}`), sender);
  assert.is(find(show('self-monitoring')).name, 'self-monitoring');
});

senders('what is not limited has no end', () => {
  const limits = { ...NO_LIMITS, series: 7 };
  const find = createFindSender(() => createTokens([token('a', { limits })], OWN));
  assert.equal(find(show('a')).limits(), {
    pointsPerSecond: Number.POSITIVE_INFINITY,
    series: 7,
    seriesPerMetric: Number.POSITIVE_INFINITY,
  });
});

senders('a request under way has the limits of now, to its end when its token is gone', () => {
  let tokens: Tokens;
  const limit = (series: number) => token('a', { limits: { ...NO_LIMITS, series } });
  const find = createFindSender(() => tokens);
  tokens = createTokens([limit(1)], OWN);
  const underWay = find(show('a'));
  tokens = createTokens([limit(2)], OWN);
  assert.is(underWay.limits().series, 2);
  tokens = createTokens([token('b')], OWN);
  assert.is(underWay.limits().series, 1);
  assert.is(find(show('a')), ANYBODY);
});

senders.run();
