// One question to Redis: a connection of its own, everything within a deadline, failures in words.

import { Redis } from 'ioredis';
import { type Scheduler, StorageError } from '../storage/index.ts';

/** How long a Redis may take for all answers, ms. */
const ANSWER_MS_MAX = 10_000;

export interface RedisOptions {
  /** redis:// or rediss:// */
  readonly redisUrl: string;
  readonly scheduler: Scheduler;
  /** For the connection and all answers, ms; default 10 s. */
  readonly answerMsMax?: number;
}

/** What `ask` resolves to; rejects with UNAVAILABLE when Redis does not answer. */
export async function askRedis<Answer>(
  { redisUrl, scheduler, answerMsMax = ANSWER_MS_MAX }: RedisOptions,
  ask: (connection: Redis) => Promise<Answer>,
): Promise<Answer> {
  const connection = new Redis(redisUrl, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => null,
  });
  let reason = `no answer within ${answerMsMax} ms`;
  connection.on('error', (error) => {
    reason = error.message;
  });
  const cancelDeadline = scheduler.after(answerMsMax, () => connection.disconnect());
  try {
    await connection.connect();
    return await ask(connection);
  } catch (error) {
    // What Redis answered is no matter of the network.
    if (error instanceof StorageError) throw error;
    const { host } = new URL(redisUrl);
    const isReply = error instanceof Error && error.name === 'ReplyError';
    const why = isReply ? error.message : reason;
    throw new StorageError('UNAVAILABLE', `Redis at ${host} does not serve: ${why}`, {
      cause: error,
    });
  } finally {
    cancelDeadline();
    connection.disconnect();
  }
}
