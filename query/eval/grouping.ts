// Which series of a vector are aggregated together.

import type { Labels } from '../../storage/index.ts';
import { labelsKey, METRIC_NAME, onlyLabels, type Series, withoutLabels } from './value.ts';

export interface Grouping {
  readonly without: boolean;
  readonly labels: readonly string[];
}

/** Gives the labels a series is aggregated under. */
export type GroupOf = (labels: Labels) => Labels;

export function createGroupOf(grouping: Grouping): GroupOf {
  if (grouping.without) {
    const removed = new Set([...grouping.labels, METRIC_NAME]);
    return (labels) => withoutLabels(labels, removed);
  }
  const kept = new Set(grouping.labels);
  return kept.size === 0 ? () => [] : (labels) => onlyLabels(labels, kept);
}

/** One group: its labels and the series in it, in their order. */
export interface Group {
  readonly labels: Labels;
  readonly members: Series[];
}

export function groupSeries(series: readonly Series[], grouping: Grouping): readonly Group[] {
  const groupOf = createGroupOf(grouping);
  const groups = new Map<string, Group>();
  for (const one of series) {
    const labels = groupOf(one.labels);
    const key = labelsKey(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, members: [one] });
    else group.members.push(one);
  }
  return [...groups.values()];
}
