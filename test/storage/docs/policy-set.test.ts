// The worked set of policy-set.md, as a file and as a hash of Redis, is what the code reads, and
// what it writes.

import { Redis } from 'ioredis';
import * as assert from 'uvu/assert';
import { parseConfig } from '../../../deploy/config.ts';
import { policiesOf, policiesText } from '../../../deploy/policy-set/policies.ts';
import { publishPolicies, readPolicies } from '../../../retention/index.ts';
import { decodePolicySet, encodePolicySet } from '../../../storage/index.ts';
import { createSimClock } from '../../sim/sim-clock.ts';
import { example as exampleOf } from '../../support/documents.ts';
import { startRedis } from '../../support/redis.ts';
import { suite } from '../../support/suite.ts';

const docs = suite('storage/docs: policy-set');

const DOCUMENT = 'storage/docs/format/policy-set.md';
const file = exampleOf(DOCUMENT, 'text');
const hash: Record<string, string> = JSON.parse(exampleOf(DOCUMENT, 'json'));
const set = { version: 7, publishedMs: 1_763_829_000_123, text: hash['text']! };

docs('the file is read as it says, and is what is written', () => {
  assert.equal(decodePolicySet(file), set);
  assert.is(encodePolicySet(set), file);
});

docs('the text is a config of policies, every default said', () => {
  const policies = policiesOf(set);
  assert.equal(
    policies.map(({ name }) => name),
    ['debug', 'default'],
  );
  const config = parseConfig('example', set.text);
  assert.ok(config.ok);
  assert.is(policiesText(config.config), set.text);
});

docs('the hash is read as it says, and is what is published', async () => {
  const redis = await startRedis();
  const connection = new Redis(redis.url);
  try {
    const options = { redisUrl: redis.url, scheduler: createSimClock().scheduler };
    await connection.hset('varve:retention:policies', hash);
    assert.equal(await readPolicies(options), set);
    const next = await publishPolicies(options, set.text);
    const { version, published_ms, text } = await connection.hgetall('varve:retention:policies');
    assert.equal([version, text], ['8', set.text]);
    assert.is(published_ms, String(next.publishedMs));
    assert.ok(next.publishedMs > set.publishedMs);
  } finally {
    connection.disconnect();
    await redis.kill();
  }
});

docs.run();
