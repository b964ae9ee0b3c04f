// Label sets in messages, as Prometheus writes them.

import type { Labels } from '../../storage/index.ts';
import { isPlainLabelName, quote } from '../promql/literals.ts';

/** `{__name__="up", job="a"}`. */
export function formatLabels(labels: Labels): string {
  const pairs = labels.map(({ name, value }) => {
    return `${isPlainLabelName(name) ? name : quote(name)}=${quote(value)}`;
  });
  return `{${pairs.join(', ')}}`;
}
