// `retention.policies` as the retention room takes them.

import type { PolicyConfig } from '../../retention/index.ts';
import { parseMatch } from './match.ts';
import type { Config } from './schema.ts';

/** A policy's `keepMs` of Infinity keeps for ever. */
export function policyConfigs({ retention }: Config): PolicyConfig[] {
  return retention.policies.map(({ name, match, keep, window }) => ({
    name,
    matchers: parseMatch(match),
    keepMs: keep,
    windowMs: window,
  }));
}
