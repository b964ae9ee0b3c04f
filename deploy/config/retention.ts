// The section `retention` as the retention room takes it.

import type { RetentionRules } from '../../retention/index.ts';
import { parseMatch } from './match.ts';
import type { Config } from './schema.ts';

/** A policy's `keepMs` of Infinity keeps for ever; a `bytesMax` of Infinity is no limit. */
export function retentionRules({ retention }: Config): RetentionRules {
  return {
    policies: retention.policies.map(({ name, match, keep, window, max_bytes, rollups }) => ({
      name,
      matchers: parseMatch(match),
      keepMs: keep,
      windowMs: window,
      bytesMax: max_bytes ?? Infinity,
      rollups: rollups.map((tier) => ({ everyMs: tier.every, keepMs: tier.keep })),
    })),
    bytesMax: retention.max_bytes ?? Infinity,
  };
}
