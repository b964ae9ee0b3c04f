// Which policy a series belongs to, and which windows are past their policy's keep. Pure: policies,
// windows and a time go in, decisions come out; sweeper.ts acts on them.

import {
  type CompiledMatcher,
  compileMatcher,
  type Labels,
  type Matcher,
  type Policy,
  type PolicySet,
  type Rollup,
  StorageError,
  type WindowInfo,
} from '../storage/index.ts';
import { formatDuration } from './duration.ts';
import { NAME_CHARS_MAX, POLICIES_MAX, REGEX_ANSWERS_MAX, ROLLUPS_MAX } from './limits.ts';

/** One entry of `retention.policies`, parsed. */
export interface PolicyConfig {
  /** 1 to 128 characters, unique. */
  readonly name: string;
  /** A series belongs to the first policy whose matchers it all satisfies; `[]` takes any. */
  readonly matchers: readonly Matcher[];
  /** How long a point is kept: a positive whole number of ms, or Infinity for ever. */
  readonly keepMs: number;
  /** Width of a window, a positive whole number of ms: a point may stay this much longer. */
  readonly windowMs: number;
  /** What its tables may take, a positive whole number of bytes, or Infinity; see byte-limit.ts. */
  readonly bytesMax: number;
  /** Tiers: summaries of its points step by step, each kept for longer than the points. */
  readonly rollups?: readonly Rollup[];
}

/** What decides about the windows of a policy, or with `rollupMs` of one of its tiers. */
export interface PolicyRule extends Omit<PolicyConfig, 'matchers'> {
  readonly rollupMs?: number;
}

/** What decides about all windows. */
export interface SweepRules {
  /** In force, in their order. */
  readonly policies: readonly PolicyRule[];
  /** What the tables of all policies may take together, as `PolicyConfig.bytesMax`. */
  readonly bytesMax: number;
}

/** The section `retention` of the config, as far as it says what is kept. */
export interface RetentionRules extends SweepRules {
  readonly policies: readonly PolicyConfig[];
}

/** What is wrong with the policy at `index`, or with the whole list, and what would be right. */
export interface PolicyMistake {
  readonly index: number | undefined;
  readonly field: keyof PolicyConfig | undefined;
  readonly message: string;
}

/** Every mistake in `configs`, in their order; none means that `createPolicySet` takes them. */
export function policyMistakes(configs: readonly PolicyConfig[]): PolicyMistake[] {
  const mistakes: PolicyMistake[] = [];
  const names = new Set<string>();
  configs.forEach((config, index) => {
    const report = (field: keyof PolicyConfig, message: string) =>
      mistakes.push({ index, field, message });
    const { name, keepMs, windowMs, bytesMax } = config;
    if (name.length === 0 || name.length > NAME_CHARS_MAX) {
      report('name', `a policy's name has 1 to ${NAME_CHARS_MAX} characters`);
    }
    if (names.has(name)) report('name', `another policy is called ${JSON.stringify(name)} already`);
    names.add(name);
    if (!(keepMs === Infinity || (Number.isSafeInteger(keepMs) && keepMs > 0))) {
      report('keepMs', 'keep is a duration of at least 1 ms, or forever');
    }
    if (!Number.isSafeInteger(windowMs) || windowMs <= 0) {
      report('windowMs', 'window is a duration of at least 1 ms');
    }
    if (!(bytesMax === Infinity || (Number.isSafeInteger(bytesMax) && bytesMax > 0))) {
      report('bytesMax', 'max_bytes is a size of at least 1 byte, or null for no limit');
    }
    for (const message of rollupMistakes(config)) report('rollups', message);
    for (const matcher of config.matchers) {
      const problem = matcherProblem(matcher);
      if (problem !== undefined) report('matchers', problem);
    }
  });
  const last = configs.at(-1);
  if (last === undefined || last.matchers.length > 0) {
    mistakes.push({
      index: last === undefined ? undefined : configs.length - 1,
      field: last === undefined ? undefined : 'matchers',
      message: "the last policy must take every series that is left: give it match: '{}'",
    });
  }
  if (configs.length > POLICIES_MAX) {
    const message = `there are ${configs.length} policies, at most ${POLICIES_MAX} are possible`;
    mistakes.push({ index: undefined, field: undefined, message });
  }
  return mistakes;
}

function rollupMistakes({ keepMs, windowMs, rollups = [] }: PolicyConfig): string[] {
  const mistakes: string[] = [];
  const widths = new Set<number>();
  if (rollups.length > ROLLUPS_MAX) {
    mistakes.push(`a policy has at most ${ROLLUPS_MAX} rollups, not ${rollups.length}`);
  }
  for (const { everyMs, keepMs: tierKeepMs } of rollups) {
    const isWidth = Number.isSafeInteger(everyMs) && everyMs > 0;
    if (!isWidth) mistakes.push('every is a duration of at least 1 ms');
    else if (Number.isSafeInteger(windowMs) && windowMs % everyMs !== 0) {
      const [every, window] = [formatDuration(everyMs), formatDuration(windowMs)];
      mistakes.push(`every (${every}) does not divide window (${window}) evenly`);
    }
    if (widths.has(everyMs)) {
      mistakes.push(`two rollups have the same every (${formatDuration(everyMs)})`);
    }
    widths.add(everyMs);
    if (!(tierKeepMs === Infinity || (Number.isSafeInteger(tierKeepMs) && tierKeepMs > 0))) {
      mistakes.push('keep of a rollup is a duration of at least 1 ms, or forever');
    } else if (tierKeepMs < keepMs) {
      const [kept, ofPoints] = [formatDuration(tierKeepMs), formatDuration(keepMs)];
      const what = `keep of a rollup (${kept}) is shorter than that of the points (${ofPoints})`;
      mistakes.push(`${what}: it would never be all that is left`);
    }
  }
  return mistakes;
}

/** The policies in force; throws INVALID_ARGUMENT with the first mistake there is. */
export function createPolicySet(configs: readonly PolicyConfig[]): PolicySet {
  const mistake = policyMistakes(configs)[0];
  if (mistake !== undefined) {
    const name = mistake.index === undefined ? undefined : configs[mistake.index]?.name;
    const place = name === undefined ? 'retention policies' : `retention policy ${name}`;
    throw new StorageError('INVALID_ARGUMENT', `${place}: ${mistake.message}`);
  }
  const tests = configs.map((config) => config.matchers.map(compileTest));
  return {
    policies: configs.map(({ name, keepMs, windowMs, rollups }) => ({
      ...{ name, keepMs, windowMs },
      ...(rollups !== undefined && { rollups }),
    })),
    policyOf: (labels) => tests.findIndex((matchers) => matchers.every((test) => test(labels))),
  };
}

/** The windows none of whose points are wanted any more: `endMs + keepMs <= nowMs`. */
export function expiredWindows(
  windows: readonly WindowInfo[],
  policies: readonly KeepRule[],
  nowMs: number,
): WindowInfo[] {
  const keeps = keepsOf(policies);
  return windows.filter((window) => expiryMs(window, keeps) <= nowMs);
}

/** How long the points of a policy are kept, and the summaries of its tiers. */
export type KeepRule = Pick<Policy, 'name' | 'keepMs' | 'rollups'>;

/** By policy, and by tier: see ruleKey. */
export function keepsOf(policies: readonly KeepRule[]): ReadonlyMap<string, number> {
  return new Map(
    policies.flatMap(({ name, keepMs, rollups = [] }) => [
      [ruleKey(name, undefined), keepMs] as const,
      ...rollups.map((tier) => [ruleKey(name, tier.everyMs), tier.keepMs] as const),
    ]),
  );
}

/** Tells a policy from its tiers, and these from each other. */
export function ruleKey(name: string, rollupMs: number | undefined): string {
  return rollupMs === undefined ? name : `${name}\0${rollupMs}`;
}

/**
 * When a window expires. The policy in force under its policy's name decides, so that a new keep
 * holds for what is stored already; without one, the keep that the window was written with.
 */
export function expiryMs(window: WindowInfo, keeps: ReadonlyMap<string, number>): number {
  const { endMs, policy, rollupMs } = window;
  return endMs + (keeps.get(ruleKey(policy.name, rollupMs)) ?? policy.keepMs);
}

type SeriesTest = (labels: Labels) => boolean;

function compileTest(matcher: Matcher): SeriesTest {
  const compiled = compileMatcher(matcher);
  const matches = compiled.pattern.kind === 'regex' ? remembered(compiled) : compiled.matches;
  return (labels) => matches(labels.find(({ name }) => name === matcher.name)?.value ?? '');
}

/** A regular expression runs once per label value, not once per series; the memory is bounded. */
function remembered({ matches }: CompiledMatcher): (value: string) => boolean {
  const answers = new Map<string, boolean>();
  return (value) => {
    const known = answers.get(value);
    if (known !== undefined) return known;
    if (answers.size >= REGEX_ANSWERS_MAX) answers.clear();
    const answer = matches(value);
    answers.set(value, answer);
    return answer;
  };
}

function matcherProblem(matcher: Matcher): string | undefined {
  try {
    compileMatcher(matcher);
    return undefined;
  } catch (error) {
    if (error instanceof StorageError) return error.message;
    throw error;
  }
}
