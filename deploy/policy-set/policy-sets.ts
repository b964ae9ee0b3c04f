// A server among those that follow published policies: which set is in force here, and the way
// from a new one to the config.

import { Gauge, type Registry } from 'prom-client';
import { followPolicies, type PolicyFollower } from '../../retention/index.ts';
import type { PublishedPolicies, Scheduler } from '../../storage/index.ts';
import type { Config, ConfigPolicy } from '../config.ts';
import type { Logger } from '../logging.ts';
import { keepAdopted } from './adopted.ts';
import { policiesOf, withPolicySet } from './policies.ts';

/** As GET /api/v1/status/retention tells it. */
export interface PolicySetStatus {
  /** Null before any was taken over: then nothing expires. */
  readonly version: number | null;
  /** ms since the epoch. */
  readonly publishedMs: number | null;
  /** What keeps the server from what is published; null when it has it. */
  readonly trouble: string | null;
}

export interface PolicySets {
  /** `config` with the policies that it says to follow. */
  resolve(config: Config): Config;
  /** Follows from now on, or no longer, as `config` says; to be called after each reload. */
  follow(config: Config): void;
  /** Undefined while none are followed. */
  status(): PolicySetStatus | undefined;
  stop(): Promise<void>;
}

export interface PolicySetsOptions {
  readonly dataDir: string;
  /** In force at the start. */
  readonly initial: PublishedPolicies | undefined;
  readonly redisUrl: string | null;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly registry: Registry;
  /** Puts policies in force as a reload does, after those under way, if any are followed then. */
  readonly apply: (policies: readonly ConfigPolicy[]) => Promise<void>;
}

export function createPolicySets(options: PolicySetsOptions): PolicySets {
  const { dataDir, redisUrl, scheduler, log, registry, apply } = options;
  const metrics = createMetrics(registry);
  let inForce = options.initial;
  let trouble: string | undefined;
  let follower: Promise<PolicyFollower> | undefined;

  async function adopt(set: PublishedPolicies): Promise<void> {
    const isNew = set.publishedMs !== inForce?.publishedMs;
    if (isNew) await apply(policiesOf(set));
    inForce = set;
    metrics.version.set(set.version);
    await keepAdopted(dataDir, set);
    setTrouble(undefined);
    if (isNew) log.info({ version: set.version }, 'published policies taken over');
  }

  function setTrouble(next: string | undefined): void {
    trouble = next;
    metrics.trouble.set(next === undefined ? 0 : 1);
  }

  function start(): void {
    if (follower !== undefined || redisUrl === null) return;
    metrics.version.set(inForce?.version ?? 0);
    follower = followPolicies({
      ...{ redisUrl, scheduler, logger: log, adopt },
      inForce: () => inForce,
      onTrouble: setTrouble,
    });
  }

  async function stop(): Promise<void> {
    const last = follower;
    follower = undefined;
    setTrouble(undefined);
    metrics.version.set(0);
    await (await last)?.stop();
  }

  return {
    resolve: (config) => withPolicySet(config, inForce),
    follow({ retention }) {
      if (retention.policies !== 'redis') void stop();
      else start();
    },
    status() {
      if (follower === undefined) return undefined;
      const { version = null, publishedMs = null } = inForce ?? {};
      return { version, publishedMs, trouble: trouble ?? null };
    },
    stop,
  };
}

function createMetrics(registry: Registry) {
  const registers = [registry];
  return {
    version: new Gauge({
      name: 'varve_retention_policy_set_version',
      help: 'Version of the published policies in force; 0 when none are followed.',
      registers,
    }),
    trouble: new Gauge({
      name: 'varve_retention_policy_set_trouble',
      help: '1 while something keeps the server from the policies that are published.',
      registers,
    }),
  };
}
