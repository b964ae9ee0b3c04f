// The section `retention` as the retention room takes it.

import type { RetentionRules } from '../../retention/index.ts';
import { parseMatch } from './match.ts';
import type { Config } from './schema.ts';

/** One entry of `retention.policies`. */
export type ConfigPolicy = Exclude<Config['retention']['policies'], 'redis'>[number];

/** In force where policies are followed and none are known yet: nothing is dropped by mistake. */
const KEEP_EVERYTHING: readonly ConfigPolicy[] = [
  { name: 'default', match: '{}', keep: Infinity, window: 7_200_000, max_bytes: null, rollups: [] },
];

/** The policies that `config` puts in force. */
export function configPolicies({
  retention: { policies },
}: Pick<Config, 'retention'>): readonly ConfigPolicy[] {
  return policies === 'redis' ? KEEP_EVERYTHING : policies;
}

/** A policy's `keepMs` of Infinity keeps for ever; a `bytesMax` of Infinity is no limit. */
export function retentionRules(config: Config): RetentionRules {
  return {
    policies: configPolicies(config).map(({ name, match, keep, window, max_bytes, rollups }) => ({
      name,
      matchers: parseMatch(match),
      keepMs: keep,
      windowMs: window,
      bytesMax: max_bytes ?? Infinity,
      rollups: rollups.map((tier) => ({ everyMs: tier.every, keepMs: tier.keep })),
    })),
    bytesMax: config.retention.max_bytes ?? Infinity,
  };
}
