import { EventEmitter, once } from 'node:events';
import { Redis } from 'ioredis';
import * as assert from 'uvu/assert';
import {
  followPolicies,
  LOOK_EVERY_MS,
  type PolicyFollower,
} from '../../../retention/policy-sets/follower.ts';
import { publishPolicies, readPolicies } from '../../../retention/policy-sets/store.ts';
import type { PublishedPolicies } from '../../../storage/index.ts';
import { createSimClock } from '../../sim/sim-clock.ts';
import { absentRedisUrl, type RedisServer, startRedis } from '../../support/redis.ts';
import { rejection } from '../../support/rejection.ts';
import { createTestLog } from '../../support/retention.ts';
import { suite } from '../../support/suite.ts';

const follower = suite('retention/policy-sets/follower');

const KEY = 'varve:retention:policies';

let redis: RedisServer;
const started: PolicyFollower[] = [];

follower.before.each(async () => {
  redis = await startRedis();
});
follower.after.each(async () => {
  for (const one of started.splice(0)) await one.stop();
  await redis.kill();
});

const { scheduler } = createSimClock();
const publish = (text: string) => publishPolicies({ redisUrl: redis.url, scheduler }, text);

/** A follower that takes over what does not say `bad`; time passes when `look` is called. */
function start(initial?: PublishedPolicies, redisUrl = redis.url) {
  const sim = createSimClock();
  const log = createTestLog();
  const events = new EventEmitter();
  const troubles: (string | undefined)[] = [];
  let inForce = initial;
  started.push(
    followPolicies({
      redisUrl,
      scheduler: sim.scheduler,
      logger: log.logger,
      inForce: () => inForce,
      async adopt(set) {
        if (set.text.includes('bad')) throw new Error('line 1: keep is missing');
        inForce = set;
        events.emit('adopted');
      },
      onTrouble(trouble) {
        troubles.push(trouble);
        events.emit('trouble');
      },
    }),
  );
  return {
    log,
    troubles,
    look: () => sim.advance(LOOK_EVERY_MS),
    current: () => inForce,
    adopted: () => once(events, 'adopted'),
    trouble: () => once(events, 'trouble'),
  };
}

follower('what is published is read back, with versions that count up', async () => {
  const options = { redisUrl: redis.url, scheduler };
  assert.is(await readPolicies(options), undefined);
  const first = await publish('one');
  const second = await publish('two');
  assert.equal([first.version, second.version], [1, 2]);
  assert.ok(second.publishedMs > first.publishedMs);
  assert.equal(await readPolicies(options), second);
});

follower('what is there is taken over at once, what comes later at the next look', async () => {
  await publish('one');
  const own = start();
  await own.adopted();
  assert.is(own.current()?.text, 'one');
  const next = own.adopted();
  await publish('two');
  own.look();
  await next;
  assert.equal([own.current()?.text, own.current()?.version], ['two', 2]);
  assert.equal(own.troubles, []);
});

follower('a bad set is said once, leaves the one before, and is mended by the next', async () => {
  await publish('one');
  const own = start();
  await own.adopted();
  await publish('bad');
  const refused = own.trouble();
  own.look();
  await refused;
  assert.is(own.current()?.text, 'one');
  assert.match(own.troubles[0]!, /version 2, are not taken over: line 1: keep is missing/);

  const mended = own.adopted();
  own.look();
  await publish('three');
  while (own.current()?.text !== 'three') {
    own.look();
    await new Promise(setImmediate);
  }
  await mended;
  assert.equal(
    own.log.lines.map(({ level }) => level),
    ['warn', 'info'],
  );
});

follower(
  'a Redis that came back empty takes nothing away, and what is published counts',
  async () => {
    await publish('one');
    await publish('two');
    const own = start();
    await own.adopted();
    const away = own.trouble();
    await redis.kill();
    await away;
    const empty = own.log.next('no policies are published any more: version 2');
    await redis.start();
    await empty;
    assert.is(own.current()?.version, 2);
    const next = own.adopted();
    assert.is((await publish('three')).version, 1);
    own.look();
    await next;
    assert.is(own.current()?.text, 'three');
  },
);

follower('an older set is not taken over', async () => {
  const { version, publishedMs } = await publish('old');
  const newer = { version: 7, publishedMs: publishedMs + 60_000, text: 'new' };
  const own = start(newer);
  await own.trouble();
  assert.match(own.troubles[0]!, new RegExp(`version ${version}, are older than .* version 7`));
  assert.is(own.current(), newer);
});

follower('nothing published, and something else in its place, are said', async () => {
  const own = start();
  await own.trouble();
  assert.match(own.troubles[0]!, /no policies are published: nothing expires until they are/);
  const client = new Redis(redis.url);
  await client.hset(KEY, { version: 'x' });
  client.disconnect();
  const trouble = own.trouble();
  own.look();
  await trouble;
  assert.match(own.troubles[1]!, /is not a policy set: publish the policies again/);
});

follower('without Redis it is said once that the set in force stays', async () => {
  const own = start(undefined, await absentRedisUrl());
  await own.trouble();
  own.look();
  assert.match(own.troubles[0]!, /Redis is away/);
  const error = await rejection(
    publishPolicies({ redisUrl: await absentRedisUrl(), scheduler }, 'one'),
  );
  assert.match(error.message, /does not serve: .*REFUSED/);
});

follower.run();
