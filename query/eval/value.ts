// What expressions evaluate to: columns over the steps of a query.

import { canonicalLabels, type Labels } from '../../storage/index.ts';
import { QueryError } from '../errors.ts';
import type { Budget } from './budget.ts';

/** The times an expression is evaluated at: startMs, startMs + stepMs, ... `steps` of them. */
export interface Grid {
  readonly startMs: number;
  /** Above zero, also with a single step. */
  readonly stepMs: number;
  readonly steps: number;
}

/** One series of a vector, as a column with a place for every step. */
export interface Series {
  readonly labels: Labels;
  /** Meaningful where `present` is 1; any NaN is a value like others. */
  readonly values: Float64Array;
  readonly present: Uint8Array;
  /** The name goes when the query ends; until then `by (__name__)` and label_replace can see it. */
  readonly dropName: boolean;
}

/** Raw points of one series, ascending. */
export interface Points {
  readonly labels: Labels;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  readonly dropName: boolean;
}

export type Value =
  | { readonly kind: 'scalar'; readonly values: Float64Array }
  | { readonly kind: 'vector'; readonly series: readonly Series[] }
  | { readonly kind: 'matrix'; readonly series: readonly Points[] }
  | { readonly kind: 'string'; readonly value: string };

export function stepTimeMs(grid: Grid, step: number): number {
  return grid.startMs + step * grid.stepMs;
}

export function emptySeries(labels: Labels, steps: number, dropName: boolean): Series {
  return { labels, values: new Float64Array(steps), present: new Uint8Array(steps), dropName };
}

/** The value of a label; the empty string when there is none. */
export function labelValue(labels: Labels, name: string): string {
  for (const label of labels) if (label.name === name) return label.value;
  return '';
}

export function withoutLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return labels.filter((label) => !names.has(label.name));
}

export function onlyLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return labels.filter((label) => names.has(label.name));
}

/** `labels` with one label set, or taken away when `value` is empty. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const others = labels.filter((label) => label.name !== name);
  return canonicalLabels([...others, { name, value }]);
}

export const METRIC_NAME = '__name__';
const NAME_ONLY: ReadonlySet<string> = new Set([METRIC_NAME]);

export function withoutName(labels: Labels): Labels {
  return labels.some((label) => label.name === METRIC_NAME)
    ? withoutLabels(labels, NAME_ONLY)
    : labels;
}

/**
 * A string that is the same for equal label sets only: lengths keep names and values apart. With
 * `counts`, of the labels that it is true of.
 */
export function labelsKey(labels: Labels, counts?: (name: string) => boolean): string {
  let key = '';
  for (const { name, value } of labels) {
    if (counts !== undefined && !counts(name)) continue;
    key += `${name.length}:${name}${value.length}:${value}`;
  }
  return key;
}

/**
 * Series with equal labels become one, as long as no step has a point of both. Throws QueryError
 * (execution) when one has.
 */
export async function mergeEqual(
  series: readonly Series[],
  { turn }: Pick<Budget, 'turn'>,
): Promise<readonly Series[]> {
  const byKey = new Map<string, Series>();
  for (const one of series) {
    const pause = turn();
    if (pause !== undefined) await pause;
    const key = labelsKey(one.labels);
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? one : mergeTwo(known, one));
  }
  return byKey.size === series.length ? series : [...byKey.values()];
}

function mergeTwo(a: Series, b: Series): Series {
  const values = a.values.slice();
  const present = a.present.slice();
  for (let i = 0; i < present.length; i++) {
    if (b.present[i] === 0) continue;
    if (present[i] === 1) {
      throw new QueryError('execution', 'vector cannot contain metrics with the same labelset');
    }
    present[i] = 1;
    values[i] = b.values[i]!;
  }
  return { labels: a.labels, values, present, dropName: a.dropName && b.dropName };
}

/** Series that have a point at all. */
export function withPoints(series: readonly Series[]): readonly Series[] {
  return series.filter((one) => one.present.includes(1));
}
