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

/** Numbers groups from 0 on, in the order in which they are met. */
export interface GroupNumbers {
  /** By number. */
  readonly labels: readonly Labels[];
  of(labels: Labels): number;
}

export function createGroupNumbers(grouping: Grouping): GroupNumbers {
  const groupOf = createGroupOf(grouping);
  const named = new Set(grouping.without ? [...grouping.labels, METRIC_NAME] : grouping.labels);
  const numbers = new Map<string, number>();
  const labels: Labels[] = [];
  return {
    labels,
    of(series) {
      const key = labelsKey(series, (name) => named.has(name) !== grouping.without);
      let number = numbers.get(key);
      if (number === undefined) {
        number = labels.length;
        numbers.set(key, number);
        labels.push(groupOf(series));
      }
      return number;
    },
  };
}

/** One group: its labels and the series in it, in their order. */
export interface Group {
  readonly labels: Labels;
  readonly members: Series[];
}

export function groupSeries(series: readonly Series[], grouping: Grouping): readonly Group[] {
  const numbers = createGroupNumbers(grouping);
  const groups: Group[] = [];
  for (const one of series) {
    const number = numbers.of(one.labels);
    groups[number] ??= { labels: numbers.labels[number]!, members: [] };
    groups[number].members.push(one);
  }
  return groups;
}
