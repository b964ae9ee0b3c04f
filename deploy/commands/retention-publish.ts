// varve retention publish and show: the policies that a fleet follows.

import { readFileSync } from 'node:fs';
import { publishPolicies, readPolicies } from '../../retention/index.ts';
import type { Scheduler } from '../../storage/index.ts';
import { hasOwnPolicies, policiesText } from '../policy-set/policies.ts';
import { UserError } from '../user-error.ts';
import { configWithRedis, type RedisOfOptions, redisOf } from './redis-option.ts';
import type { World } from './world.ts';

export type PublishOptions = Pick<RedisOfOptions, 'redis'>;

/** Publishes `retention.policies` of `file`, once the whole file has no mistakes. */
export async function publishRetention(
  file: string,
  { redis }: PublishOptions,
  world: World,
): Promise<void> {
  const config = configWithRedis(file, redis);
  const { policies, redis: redisUrl } = config.retention;
  if (policies === 'redis' || !hasOwnPolicies(readFileSync(file, 'utf8'))) {
    throw new UserError(`${file} lists no retention.policies: there is nothing to publish`, 2);
  }
  if (redisUrl === null) {
    throw new UserError(`say which Redis: --redis URL, or retention.redis in ${file}`, 2);
  }
  const { version } = await withScheduler(world, (scheduler) =>
    publishPolicies({ redisUrl, scheduler }, policiesText(config)),
  );
  const count = policies.length === 1 ? '1 policy' : `${policies.length} policies`;
  world.stdout.write(`published ${count} as version ${version}\n`);
}

/** Prints them as a config that `publish` takes. */
export async function showRetention(options: RedisOfOptions, world: World): Promise<void> {
  const redisUrl = redisOf(options);
  const set = await withScheduler(world, (scheduler) => readPolicies({ redisUrl, scheduler }));
  if (set === undefined) {
    throw new UserError('no policies are published there: varve retention publish FILE does it');
  }
  const { version, publishedMs, text } = set;
  const time = new Date(publishedMs).toISOString();
  world.stdout.write(`# version ${version}, published ${time}\n${text}`);
}

async function withScheduler<Answer>(
  { engine }: World,
  ask: (scheduler: Scheduler) => Promise<Answer>,
): Promise<Answer> {
  const { scheduler, compute } = engine.createEnv();
  try {
    return await ask(scheduler);
  } finally {
    await compute.close();
  }
}
