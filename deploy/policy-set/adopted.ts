// The set of policies that a server has taken over, in its data directory: what a start without
// Redis goes by.

import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { readPolicies } from '../../retention/index.ts';
import {
  decodePolicySet,
  encodePolicySet,
  POLICY_SET_DRAFT_NAME,
  POLICY_SET_NAME,
  type PublishedPolicies,
  type Scheduler,
} from '../../storage/index.ts';
import type { Config } from '../config.ts';
import type { Logger } from '../logging.ts';
import { systemReason } from '../user-error.ts';
import { policiesOf } from './policies.ts';

/** How long a start waits for Redis, ms. */
const START_WAIT_MS_MAX = 3000;

/**
 * The set that a server starts with. Redis is asked first: by policies that were changed while the
 * server was off, the first sweep could drop what is to be kept.
 */
export async function startingPolicySet(
  { data_dir, retention: { policies, redis } }: Config,
  scheduler: Scheduler,
  log: Logger,
): Promise<PublishedPolicies | undefined> {
  if (policies !== 'redis' || redis === null) return undefined;
  const kept = await readAdopted(data_dir).catch((error: Error) => {
    log.error({ reason: error.message }, 'the policies taken over before cannot be read');
    return undefined;
  });
  try {
    const options = { redisUrl: redis, scheduler, answerMsMax: START_WAIT_MS_MAX };
    const published = await readPolicies(options);
    if (published === undefined || published.publishedMs < (kept?.publishedMs ?? 0)) return kept;
    policiesOf(published);
    return published;
  } catch (error) {
    // Once it runs, the follower says the same of any set that is still there.
    log.warn({ reason: (error as Error).message }, 'no policies from Redis at the start');
    return kept;
  }
}

/** Undefined when there is none; throws when it is damaged or has mistakes. */
export async function readAdopted(dataDir: string): Promise<PublishedPolicies | undefined> {
  const path = join(dataDir, POLICY_SET_NAME);
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${path}: ${systemReason(error)}`, { cause: error });
  }
  const set = decodePolicySet(content);
  if (set === undefined) throw new Error(`${path} is damaged`);
  policiesOf(set);
  return set;
}

/** To be called by the owner of the directory; a power cut leaves the old one or the new. */
export async function keepAdopted(dataDir: string, set: PublishedPolicies): Promise<void> {
  const draft = join(dataDir, POLICY_SET_DRAFT_NAME);
  const file = await open(draft, 'w', 0o640);
  try {
    await file.writeFile(encodePolicySet(set));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, join(dataDir, POLICY_SET_NAME));
  const dir = await open(dataDir, 'r');
  await dir.sync().finally(() => dir.close());
}
