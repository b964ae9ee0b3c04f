// label_replace and label_join.

import { RE2JS } from 're2js';
import { QueryError } from '../errors.ts';
import { isLabelName } from '../promql/literals.ts';
import { type Budget, mapInTurns } from './budget.ts';
import { labelValue, METRIC_NAME, mergeEqual, type Series, withLabel } from './value.ts';

/** What label_replace does: see its parameters in PromQL. */
export interface ReplaceRule {
  readonly target: string;
  readonly template: string;
  readonly source: string;
  readonly pattern: string;
}

/** Sets `target` to `template` where the whole value of `source` matches `pattern`. */
export function labelReplace(
  series: readonly Series[],
  { target, template, source, pattern }: ReplaceRule,
  budget: Budget,
): Promise<readonly Series[]> {
  const regex = compile(pattern);
  checkLabelName('label_replace', 'destination', target);
  // A regex is run once per distinct value, and the values of one label are few.
  const replaced = new Map<string, string | undefined>();
  const replace = (value: string): string | undefined => {
    if (!replaced.has(value)) replaced.set(value, expand(regex, template, value));
    return replaced.get(value);
  };
  return relabelled(series, target, (one) => replace(labelValue(one.labels, source)), budget);
}

/** Sets `target` to the values of `sources` with `separator` between them. */
export function labelJoin(
  series: readonly Series[],
  target: string,
  separator: string,
  sources: readonly string[],
  budget: Budget,
): Promise<readonly Series[]> {
  for (const source of sources) checkLabelName('label_join', 'source', source);
  checkLabelName('label_join', 'destination', target);
  const join = (one: Series): string =>
    sources.map((source) => labelValue(one.labels, source)).join(separator);
  return relabelled(series, target, join, budget);
}

async function relabelled(
  series: readonly Series[],
  target: string,
  newValue: (series: Series) => string | undefined,
  budget: Budget,
): Promise<readonly Series[]> {
  const result = await mapInTurns(budget, series, (one) => {
    const value = newValue(one);
    if (value === undefined) return one;
    const dropName = target === METRIC_NAME ? false : one.dropName;
    return { ...one, labels: withLabel(one.labels, target, value), dropName };
  });
  return mergeEqual(result, budget);
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(`^(?s:${pattern})$`);
  } catch {
    throw new QueryError('execution', `invalid regular expression in label_replace(): ${pattern}`);
  }
}

function checkLabelName(call: string, which: 'source' | 'destination', name: string): void {
  if (isLabelName(name)) return;
  throw new QueryError('execution', `invalid ${which} label name in ${call}(): ${name}`);
}

/** `template` with `$1`, `${1}`, `${name}` filled in, `$$` a dollar; undefined without a match. */
function expand(regex: RE2JS, template: string, value: string): string | undefined {
  const matcher = regex.matcher(value);
  if (!matcher.find()) return undefined;
  return template.replace(/\$(?:(\$)|(\w+)|\{(\w+)\})/g, (_whole, dollar, bare, braced) => {
    if (dollar !== undefined) return '$';
    const name: string = bare ?? braced;
    try {
      return matcher.group(/^\d+$/.test(name) ? Number(name) : name) ?? '';
    } catch {
      // No such group: nothing, as in Go.
      return '';
    }
  });
}
