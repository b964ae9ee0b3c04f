// Follows the policies that are published on a Redis: looks every few seconds, and hands over what
// is newer than what is in force. Whatever goes wrong, the set in force stays; that is said once.

import { Redis } from 'ioredis';
import { type PublishedPolicies, type Scheduler, StorageError } from '../../storage/index.ts';
import type { RetentionLogger } from '../logger.ts';
import { fetchPolicies } from './store.ts';

/** Between two looks, ms. */
export const LOOK_EVERY_MS = 2000;
/** Longest wait between attempts to reach Redis, ms. */
const RECONNECT_MS_MAX = 5000;
/** How long an answer may take; then Redis counts as away, ms. */
const ANSWER_MS_MAX = 5000;

export interface PolicyFollowerOptions {
  /** redis:// or rediss:// */
  readonly redisUrl: string;
  readonly scheduler: Scheduler;
  readonly logger: RetentionLogger;
  /** The set in force. */
  readonly inForce: () => PublishedPolicies | undefined;
  /**
   * Takes a set over that is not older than the one in force, and keeps it for the next start. A
   * rejection says what is wrong with it; the set in force stays, and it is asked for again.
   */
  readonly adopt: (set: PublishedPolicies) => Promise<void>;
  /** What keeps the server from what is published; undefined when nothing does. */
  readonly onTrouble: (trouble: string | undefined) => void;
}

export interface PolicyFollower {
  /** Resolves once no set is being taken over and none will be. */
  stop(): Promise<void>;
}

/** Returns at once; Redis is asked as soon as it answers. */
export function followPolicies(options: PolicyFollowerOptions): PolicyFollower {
  const { redisUrl, scheduler, logger, inForce, adopt, onTrouble } = options;
  const connection = new Redis(redisUrl, {
    // A look while there is no connection fails: the next one comes soon enough.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWER_MS_MAX,
    retryStrategy: (attempts) => Math.min(50 * 2 ** Math.min(attempts, 10), RECONNECT_MS_MAX),
  });
  let isStopped = false;
  let trouble: string | undefined;
  let adopted: PublishedPolicies | undefined;
  let looking: Promise<void> | undefined;
  let cancel = scheduler.after(LOOK_EVERY_MS, tick);

  connection.on('ready', look);
  connection.on('error', (error) => away(error.message));
  connection.on('close', () => away('the connection is closed'));

  function tick(): void {
    cancel = scheduler.after(LOOK_EVERY_MS, tick);
    look();
  }

  function look(): void {
    if (looking !== undefined || isStopped || connection.status !== 'ready') return;
    looking = lookOnce().finally(() => {
      looking = undefined;
    });
  }

  async function lookOnce(): Promise<void> {
    try {
      const set = await fetchPolicies(connection);
      if (!isStopped) setTrouble(await handle(set));
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof StorageError && !isStopped) setTrouble(message);
      else away(message);
    }
  }

  /** What is wrong with the set, or with there being none. */
  async function handle(set: PublishedPolicies | undefined): Promise<string | undefined> {
    const current = inForce();
    if (set === undefined) {
      return current === undefined
        ? 'no policies are published: nothing expires until they are'
        : `no policies are published any more: version ${current.version} stays in force`;
    }
    if (isSame(set, adopted)) return undefined;
    if (current !== undefined && set.publishedMs < current.publishedMs) {
      return (
        `the published policies, version ${set.version}, are older than those in force, ` +
        `version ${current.version}: publish them again`
      );
    }
    try {
      await adopt(set);
    } catch (error) {
      const { message } = error as Error;
      return `the published policies, version ${set.version}, are not taken over: ${message}`;
    }
    adopted = set;
    return undefined;
  }

  function away(reason: string): void {
    // Reasons differ from one attempt to the next: that it is away is said once.
    if (!isStopped) setTrouble('Redis is away: the policies in force stay', { reason });
  }

  function setTrouble(next: string | undefined, fields: object = {}): void {
    if (next === trouble) return;
    if (next !== undefined) logger.warn(fields, next);
    else logger.info({ version: inForce()?.version }, 'the published policies are in force');
    trouble = next;
    onTrouble(next);
  }

  return {
    async stop() {
      isStopped = true;
      cancel();
      connection.disconnect();
      await looking;
    },
  };
}

function isSame(a: PublishedPolicies, b: PublishedPolicies | undefined): boolean {
  return b !== undefined && a.version === b.version && a.publishedMs === b.publishedMs;
}
