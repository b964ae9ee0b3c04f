// By what series of two vectors find each other.

import type { Labels } from '../../storage/index.ts';
import type { Matching } from '../promql/ast.ts';
import { labelsKey, METRIC_NAME, onlyLabels, type Series, withoutLabels } from './value.ts';

/** The labels that have to be equal on both sides; without `on`, the name never counts. */
export function createMatchLabels(matching: Matching | undefined): (labels: Labels) => Labels {
  const named = new Set(matching?.labels ?? []);
  if (matching?.on === true) return (labels) => onlyLabels(labels, named);
  named.add(METRIC_NAME);
  return (labels) => withoutLabels(labels, named);
}

/** The series of both sides that share the labels matched by. */
export interface Match {
  readonly labels: Labels;
  readonly left: Series[];
  readonly right: Series[];
}

/** Matches in the order in which the left side, then the right side, first has them. */
export function matchSeries(
  left: readonly Series[],
  right: readonly Series[],
  matching: Matching | undefined,
): readonly Match[] {
  const matchLabels = createMatchLabels(matching);
  const matches = new Map<string, Match>();
  const matchOf = (series: Series): Match => {
    const labels = matchLabels(series.labels);
    const key = labelsKey(labels);
    let match = matches.get(key);
    if (match === undefined) {
      match = { labels, left: [], right: [] };
      matches.set(key, match);
    }
    return match;
  };
  for (const series of left) matchOf(series).left.push(series);
  for (const series of right) matchOf(series).right.push(series);
  return [...matches.values()];
}
