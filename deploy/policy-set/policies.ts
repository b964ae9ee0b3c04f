// From a config to the text that is published, and back into the config of whoever follows it.

import { parseDocument, stringify } from 'yaml';
import type { PublishedPolicies } from '../../storage/index.ts';
import {
  type Config,
  type ConfigPolicy,
  configText,
  formatProblems,
  parseConfig,
} from '../config.ts';
import { UserError } from '../user-error.ts';

/** The policies of `config` as a config of nothing else, every default said. */
export function policiesText(config: Config): string {
  const { policies } = configText(config).retention ?? {};
  return stringify({ retention: { policies } }, { collectionStyle: 'any', lineWidth: 0 });
}

/** Throws UserError with every mistake in the set, by its line. */
export function policiesOf({ version, text }: PublishedPolicies): readonly ConfigPolicy[] {
  const place = `policies version ${version}`;
  const result = parseConfig(place, text);
  if (!result.ok) throw new UserError(formatProblems(result.problems), 2);
  const { policies } = result.config.retention;
  if (policies === 'redis' || !hasOwnPolicies(text)) {
    throw new UserError(`${place}: expected a list at retention.policies`, 2);
  }
  return policies;
}

/** Whether a config says its policies itself, rather than to go by the defaults. */
export function hasOwnPolicies(text: string): boolean {
  return parseDocument(text).hasIn(['retention', 'policies']);
}

/** `config` with the policies of `set` where it says `redis`; without a set, as it is. */
export function withPolicySet(config: Config, set: PublishedPolicies | undefined): Config {
  const { retention } = config;
  if (retention.policies !== 'redis' || set === undefined) return config;
  return { ...config, retention: { ...retention, policies: [...policiesOf(set)] } };
}
