// varve retention plan: what a sweep would drop, from the manifest alone.

import { formatPlan, planSweep } from '../../retention/index.ts';
import { loadValidConfig, retentionRules } from '../config.ts';
import { readAdopted } from '../policy-set/adopted.ts';
import { withPolicySet } from '../policy-set/policies.ts';
import { timeOption } from './time.ts';
import type { World } from './world.ts';

export interface RetentionPlanOptions {
  readonly config?: string;
  readonly data: string;
  /** A time, see time.ts; default now. */
  readonly at?: string;
}

export async function printRetentionPlan(
  options: RetentionPlanOptions,
  { engine, stdout }: World,
): Promise<void> {
  const env = engine.createEnv();
  const written = loadValidConfig(options.config);
  const isFollowing = written.retention.policies === 'redis';
  const policySet = isFollowing ? await readAdopted(options.data) : undefined;
  const config = withPolicySet(written, policySet);
  const nowMs = env.clock.nowMs();
  const atMs = options.at === undefined ? nowMs : timeOption('--at', options.at, nowMs);
  const windows = await engine.readWindows(options.data, env);
  stdout.write(formatPlan(planSweep(windows, retentionRules(config), atMs)));
}
