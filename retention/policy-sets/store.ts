// Where a fleet's policies are on a Redis: one hash, replaced as a whole, so that whoever reads it
// sees one set. Nothing is announced: followers look again every few seconds, and miss nothing
// while a connection is down.

import type { Redis } from 'ioredis';
import { type PublishedPolicies, StorageError } from '../../storage/index.ts';
import { askRedis, type RedisOptions } from '../redis.ts';

/** Servers of all versions look for their policies here. */
const KEY = 'varve:retention:policies';
/** UTF-16 code units, far above what POLICIES_MAX policies take. */
const TEXT_CHARS_MAX = 4 * 1024 * 1024;

/**
 * The clock is that of Redis, so that publishers need not agree on theirs, and moves on by 1 ms at
 * least. A version is a number for people: a Redis that lost its data counts from 1 again.
 */
const PUBLISH = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = tonumber(redis.call('HGET', KEYS[1], 'published_ms')) or 0
local published = string.format('%.0f', math.max(now, before + 1))
local version = redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('HSET', KEYS[1], 'published_ms', published, 'text', ARGV[1])
return {version, published}
`;

/** Replaces the set that servers follow; rejects with UNAVAILABLE when Redis does not answer. */
export function publishPolicies(options: RedisOptions, text: string): Promise<PublishedPolicies> {
  return askRedis(options, async (connection) => {
    const answer = (await connection.eval(PUBLISH, 1, KEY, text)) as [number, string];
    return { version: answer[0], publishedMs: Number(answer[1]), text };
  });
}

/** Undefined when none was published. Rejects as `publishPolicies`, and as `fetchPolicies`. */
export function readPolicies(options: RedisOptions): Promise<PublishedPolicies | undefined> {
  return askRedis(options, fetchPolicies);
}

/** Undefined when none was published; CORRUPTION when something else stands in its place. */
export async function fetchPolicies(connection: Redis): Promise<PublishedPolicies | undefined> {
  const fields = await connection.hgetall(KEY);
  if (Object.keys(fields).length === 0) return undefined;
  const [version, publishedMs] = [Number(fields['version']), Number(fields['published_ms'])];
  const text = fields['text'];
  const isWhole = isCount(version) && isCount(publishedMs) && text !== undefined;
  if (isWhole && text.length <= TEXT_CHARS_MAX) return { version, publishedMs, text };
  const advice = 'publish the policies again';
  throw new StorageError('CORRUPTION', `${KEY} on Redis is not a policy set: ${advice}`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
