// Which Redis a command asks: one by its URL, or that of a config.

import { type Config, loadValidConfig } from '../config.ts';
import { UserError } from '../user-error.ts';

export interface RedisOfOptions {
  /** redis:// or rediss:// */
  readonly redis?: string;
  /** Whose `retention.redis` is asked. */
  readonly config?: string;
}

/** Throws UserError unless one of both says a Redis. */
export function redisOf({ redis, config }: RedisOfOptions): string {
  if ((redis === undefined) === (config === undefined)) {
    throw new UserError('say which Redis: either --redis URL or --config FILE', 2);
  }
  const { retention } = configWithRedis(config, redis);
  if (retention.redis !== null) return retention.redis;
  throw new UserError(`${config} sets no retention.redis: its server uses none`, 2);
}

/** The config in `file`, whose `retention.redis` the flag beats; throws UserError on mistakes. */
export function configWithRedis(file: string | undefined, redis: string | undefined): Config {
  const key = { path: ['retention', 'redis'], value: redis, flag: `--redis ${redis}` };
  return loadValidConfig(file, redis === undefined ? [] : [key]);
}
