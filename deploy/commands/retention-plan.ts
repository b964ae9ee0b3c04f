// varve retention plan: what a sweep would drop, from the manifest alone.

import { formatPlan, planSweep } from '../../retention/index.ts';
import { type Config, formatProblems, loadConfig, policyConfigs } from '../config.ts';
import { UserError } from '../user-error.ts';
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
  const config = readConfig(options.config);
  const nowMs = env.clock.nowMs();
  const atMs = options.at === undefined ? nowMs : timeOption('--at', options.at, nowMs);
  const windows = await engine.readWindows(options.data, env);
  stdout.write(formatPlan(planSweep(windows, policyConfigs(config), atMs)));
}

function readConfig(file: string | undefined): Config {
  const result = loadConfig(file);
  if (!result.ok) throw new UserError(formatProblems(result.problems), 2);
  return result.config;
}
