// Orders of an instant vector. A range query orders by labels whatever is asked.

import { compareLabels } from '../../storage/index.ts';
import { labelValue, type Series } from './value.ts';

/** By value; NaN last in both directions. */
export function sortByValue(series: readonly Series[], descending: boolean): readonly Series[] {
  const value = (one: Series): number => one.values[0]!;
  return [...series].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (Number.isNaN(x) || Number.isNaN(y))
      return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return (descending ? y - x : x - y) || 0;
  });
}

/** By the values of labels, digits within them by their number; then by all labels. */
export function sortByLabels(
  series: readonly Series[],
  names: readonly string[],
  descending: boolean,
): readonly Series[] {
  const direction = descending ? -1 : 1;
  return [...series].sort((a, b) => {
    for (const name of names) {
      const order = compareNatural(labelValue(a.labels, name), labelValue(b.labels, name));
      if (order !== 0) return direction * order;
    }
    return direction * compareLabels(a.labels, b.labels);
  });
}

/** `a2` before `a10`. */
function compareNatural(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [a.match(/\d+|\D+/g) ?? [], b.match(/\d+|\D+/g) ?? []];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i]!, right[i]!];
    if (x === y) continue;
    const numbers = /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : 0;
    if (numbers !== 0) return numbers;
    return x < y ? -1 : 1;
  }
  return left.length - right.length || (a < b ? -1 : 1);
}
