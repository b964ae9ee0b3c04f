// The config: flags beat the file, the file beats the profile's presets, those beat the defaults.
// All mistakes of a config are found in one run, each with its place, its key and its remedy.

import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import * as z from 'zod';
import { formatProblem, type Problem } from './config/problem.ts';
import { STORAGE_PROFILES } from './config/profiles.ts';
import { type BrokenRule, brokenRules } from './config/rules.ts';
import { type Config, type ConfigText, configSchema } from './config/schema.ts';
import { describeIssue, dropEmptySections, withoutRejected } from './config/shape.ts';
import { isRecord, type Override, readSource } from './config/source.ts';
import { systemReason, UserError } from './user-error.ts';

export { configChanges, type KeyChange, reloaded } from './config/diff.ts';
export { parseEventMatch } from './config/match.ts';
export type { Problem } from './config/problem.ts';
export { formatProblem } from './config/problem.ts';
export { type ConfigPolicy, configPolicies, retentionRules } from './config/retention.ts';
export type { Config } from './config/schema.ts';
export { type Override, parseOverride } from './config/source.ts';
export * from './config/units.ts';

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads and validates `text`, with `file` as its name in messages. */
export function parseConfig(
  file: string,
  text: string,
  overrides: readonly Override[] = [],
): ConfigResult {
  const source = readSource(file, text, overrides);
  if (source.problems.length > 0) return { ok: false, problems: source.problems };
  const input = withProfile(dropEmptySections(source.input));
  const parsed = configSchema.safeDecode(input as ConfigText);
  const found = parsed.success
    ? brokenRules(parsed.data)
    : [
        ...parsed.error.issues.flatMap((issue) => describeIssue(issue, input)),
        ...brokenRulesDespite(parsed.error.issues, input),
      ];
  if (parsed.success && found.length === 0) return { ok: true, config: parsed.data };
  const problems = found
    .map((one) => ({ ...one, place: source.placeOf(one.path) }))
    .sort((a, b) => a.place.localeCompare(b.place, 'en', { numeric: true }));
  return { ok: false, problems };
}

/** Rules that the rest of a config breaks, with the keys that `issues` name at their defaults. */
function brokenRulesDespite(issues: readonly z.core.$ZodIssue[], input: unknown): BrokenRule[] {
  const repaired = configSchema.safeDecode(withoutRejected(issues, input) as ConfigText);
  return repaired.success ? brokenRules(repaired.data) : [];
}

/** Reads the file, or only defaults and overrides when there is none. */
export function loadConfig(
  file: string | undefined,
  overrides: readonly Override[] = [],
): ConfigResult {
  if (file === undefined) return parseConfig('', '', overrides);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const message = `cannot read the config: ${systemReason(error)}; name an existing YAML file`;
    return { ok: false, problems: [{ place: file, path: [], message }] };
  }
  return parseConfig(file, text, overrides);
}

/** As `loadConfig`; throws UserError with every mistake. */
export function loadValidConfig(file?: string, overrides?: readonly Override[]): Config {
  const result = loadConfig(file, overrides);
  if (!result.ok) throw new UserError(formatProblems(result.problems), 2);
  return result.config;
}

/** The whole config as text, defaults included. It has secrets in it. */
export function configText(config: Config): ConfigText {
  return z.encode(configSchema, config);
}

/** The same as YAML for people, without secrets. */
export function configYaml(config: Config): string {
  const text = configText(config);
  const redis = config.retention.redis?.replace(/\/\/[^@/]*@/, '//redacted@') ?? null;
  const tokens = config.auth.tokens.map(({ token_sha256, ...token }) => token);
  return stringify({
    ...text,
    retention: { ...text.retention, redis },
    auth: { ...text.auth, tokens },
  });
}

/** Every problem on a line of its own. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n');
}

/** Lays what the user wrote over the presets of the profile that the user chose. */
function withProfile(input: unknown): unknown {
  if (!isRecord(input) || !isRecord(input['storage'])) return input;
  const { profile } = input['storage'];
  const known = typeof profile === 'string' && Object.hasOwn(STORAGE_PROFILES, profile);
  if (!known) return input;
  const preset = STORAGE_PROFILES[profile as keyof typeof STORAGE_PROFILES];
  return { ...input, storage: merge(preset, input['storage']) };
}

function merge(under: object, over: Record<string, unknown>): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isRecord(below) && isRecord(value) ? merge(below, value) : value;
  }
  return merged;
}
