// and, or, unless: which points of two vectors are kept, step by step.

import type { Matching } from '../promql/ast.ts';
import { type Budget, mapInTurns } from './budget.ts';
import { createMatchLabels } from './signature.ts';
import { labelsKey, mergeEqual, type Series, withPoints } from './value.ts';

export async function setOperator(
  operator: 'and' | 'or' | 'unless',
  left: readonly Series[],
  right: readonly Series[],
  matching: Matching | undefined,
  steps: number,
  budget: Budget,
): Promise<readonly Series[]> {
  const matchLabels = createMatchLabels(matching);
  const keyOf = (series: Series): string => labelsKey(matchLabels(series.labels));
  if (operator === 'or') {
    const taken = await presenceByKey(left, keyOf, steps, budget);
    const added = await mapInTurns(budget, right, (series) =>
      masked(series, taken.get(keyOf(series)), 0),
    );
    return mergeEqual(withPoints([...left, ...added]), budget);
  }
  const other = await presenceByKey(right, keyOf, steps, budget);
  const wanted = operator === 'and' ? 1 : 0;
  const kept = await mapInTurns(budget, left, (series) =>
    masked(series, other.get(keyOf(series)), wanted),
  );
  return withPoints(kept);
}

/** For each match the steps at which any of the series has a point. */
async function presenceByKey(
  series: readonly Series[],
  keyOf: (series: Series) => string,
  steps: number,
  budget: Budget,
): Promise<Map<string, Uint8Array>> {
  const byKey = new Map<string, Uint8Array>();
  for (const one of series) {
    const turn = budget.turn();
    if (turn !== undefined) await turn;
    const key = keyOf(one);
    let present = byKey.get(key);
    if (present === undefined) {
      budget.takeColumns(1, steps);
      present = new Uint8Array(steps);
      byKey.set(key, present);
    }
    for (let i = 0; i < steps; i++) present[i]! |= one.present[i]!;
  }
  return byKey;
}

/** The points of `series` at the steps where `mask` is `wanted`; no mask is all zeros. */
function masked(series: Series, mask: Uint8Array | undefined, wanted: 0 | 1): Series {
  if (mask === undefined) {
    return wanted === 0 ? series : { ...series, present: new Uint8Array(series.present.length) };
  }
  return { ...series, present: series.present.map((there, i) => (mask[i] === wanted ? there : 0)) };
}
