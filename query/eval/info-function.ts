// info(): adds the labels of info metrics (target_info, ...) to the series of the same instance and
// job. Which info series counts may change from step to step, and so may the labels.

import { compileMatcher, type Labels, type Matcher } from '../../storage/index.ts';
import { QueryError } from '../errors.ts';
import {
  type Call,
  children,
  type Expr,
  type Subquery,
  type VectorSelector,
} from '../promql/ast.ts';
import { columnsOf } from './columns.ts';
import type { EvalContext } from './context.ts';
import { atMs, offsetMs } from './durations.ts';
import { formatLabels } from './format-labels.ts';
import { vectorStream } from './selector.ts';
import {
  emptySeries,
  type Grid,
  labelsKey,
  labelValue,
  METRIC_NAME,
  mergeEqual,
  onlyLabels,
  type Series,
  withLabel,
  withPoints,
} from './value.ts';

const IDENTIFYING: ReadonlySet<string> = new Set(['instance', 'job']);
const DEFAULT_NAME: Matcher = { name: METRIC_NAME, type: '=', value: 'target_info' };
const ANY_INFO_NAME: Matcher = { name: METRIC_NAME, type: '=~', value: '.+_info' };

/** `base` is the evaluated first argument. */
export async function evaluateInfo(
  context: EvalContext,
  call: Call,
  base: readonly Series[],
  grid: Grid,
): Promise<readonly Series[]> {
  const selector = call.args[1];
  const matchers = selector?.kind === 'vector' ? selector.matchers : [];
  const data = matchers.filter(({ name }) => name !== METRIC_NAME);
  const names = nameMatchers(matchers.filter(({ name }) => name === METRIC_NAME));
  const isInfo = (series: Series): boolean => {
    const name = labelValue(series.labels, METRIC_NAME);
    return names.every((matcher) => compileMatcher(matcher).matches(name));
  };
  const enriched = base.filter((series) => !isInfo(series));
  const identities = identityMatchers(enriched);
  const info: Series[] = [];
  if (identities.length > 0) {
    const wanted = {
      ...momentOf(context, call.args[0]!),
      matchers: [...identities, ...data, ...names],
    };
    const stream = vectorStream(context, wanted, grid, true);
    for await (const batch of columnsOf(context, stream)) info.push(...batch);
  }
  const byIdentity = groupByIdentity(info);
  const results = base.filter(isInfo);
  for (const series of enriched) {
    const candidates = byIdentity.get(identityKey(series.labels)) ?? new Map();
    results.push(...enrich(series, candidates, data, grid));
  }
  return mergeEqual(withPoints(results), context.budget);
}

/** At least one of them says which names are meant. */
function nameMatchers(given: readonly Matcher[]): readonly Matcher[] {
  if (given.length === 0) return [DEFAULT_NAME];
  const positive = given.some(({ type }) => type === '=' || type === '=~');
  return positive ? given : [ANY_INFO_NAME, ...given];
}

/** Info series that could belong to any of `series`, by the values they have. */
function identityMatchers(series: readonly Series[]): readonly Matcher[] {
  return [...IDENTIFYING].flatMap((name): Matcher[] => {
    const values = new Set(series.map(({ labels }) => labelValue(labels, name)));
    values.delete('');
    if (values.size === 0) return [];
    const quoted = [...values].map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    return [{ name, type: '=~', value: quoted.join('|') }];
  });
}

function identityKey(labels: Labels): string {
  return labelsKey(onlyLabels(labels, IDENTIFYING));
}

/** Info series by identity, then by metric name. */
function groupByIdentity(info: readonly Series[]): Map<string, Map<string, Series[]>> {
  const groups = new Map<string, Map<string, Series[]>>();
  for (const series of info) {
    const key = identityKey(series.labels);
    const byName = groups.get(key) ?? new Map<string, Series[]>();
    groups.set(key, byName);
    const name = labelValue(series.labels, METRIC_NAME);
    byName.set(name, [...(byName.get(name) ?? []), series]);
  }
  return groups;
}

/** When the first selector within `expr` looks: info series are those of that time. */
function momentOf(
  context: EvalContext,
  expr: Expr,
): Pick<VectorSelector, 'kind' | 'at' | 'offset' | 'span'> {
  const path = pathToSelector(expr) ?? [];
  let moved = 0;
  let fixed: number | undefined;
  for (const node of path) {
    if (fixed !== undefined) break;
    moved += offsetMs(node.offset, context.query);
    fixed = atMs(node.at, context.query);
  }
  return {
    kind: 'vector',
    offset: { kind: 'seconds', value: moved / 1000, span: expr.span },
    ...(fixed !== undefined && { at: { kind: 'time', timestampMs: fixed } }),
    span: expr.span,
  };
}

/** The first selector and the subqueries around it, innermost first. */
function pathToSelector(expr: Expr): (VectorSelector | Subquery)[] | undefined {
  if (expr.kind === 'vector') return [expr];
  for (const child of children(expr)) {
    const path = pathToSelector(child);
    if (path !== undefined) return expr.kind === 'subquery' ? [...path, expr] : path;
  }
  return undefined;
}

function enrich(
  series: Series,
  candidates: ReadonlyMap<string, readonly Series[]>,
  data: readonly Matcher[],
  grid: Grid,
): readonly Series[] {
  const required = data.some((matcher) => !compileMatcher(matcher).matchesEmpty);
  const wanted = new Set(data.map(({ name }) => name));
  const outputs = new Map<string, Series>();
  for (let step = 0; step < grid.steps; step++) {
    if (series.present[step] === 0) continue;
    const found = [...candidates.values()].flatMap((all) => newestAt(all, step) ?? []);
    if (found.length === 0 && required) continue;
    const labels = withInfoLabels(series.labels, found, wanted);
    const key = labelsKey(labels);
    const output = outputs.get(key) ?? emptySeries(labels, grid.steps, series.dropName);
    outputs.set(key, output);
    output.values[step] = series.values[step]!;
    output.present[step] = 1;
  }
  return [...outputs.values()];
}

/** The values of info series are the times of their points. */
function newestAt(all: readonly Series[], step: number): Series | undefined {
  let newest: Series | undefined;
  for (const one of all) {
    if (one.present[step] === 0) continue;
    const order = newest === undefined ? 1 : one.values[step]! - newest.values[step]!;
    if (order === 0) {
      const [a, b] = [formatLabels(newest!.labels), formatLabels(one.labels)];
      const at = one.values[step]! * 1000;
      throw new QueryError(
        'execution',
        `found duplicate series for info metric: existing ${a} @ ${at}, new ${b} @ ${at}`,
      );
    }
    if (order > 0) newest = one;
  }
  return newest;
}

/** Labels the series has stay as they are; with `wanted` names, no others are added. */
function withInfoLabels(
  labels: Labels,
  found: readonly Series[],
  wanted: ReadonlySet<string>,
): Labels {
  const added = new Map<string, string>();
  for (const info of found) {
    for (const { name, value } of info.labels) {
      if (name === METRIC_NAME || (wanted.size > 0 && !wanted.has(name))) continue;
      const other = added.get(name);
      if (other !== undefined && other !== value) {
        throw new QueryError('execution', `conflicting label: ${name}`);
      }
      if (labelValue(labels, name) === '') added.set(name, value);
    }
  }
  let result = labels;
  for (const [name, value] of added) result = withLabel(result, name, value);
  return result;
}
