// `explain=1`: the costs of a query as `data.explain`, beside its result.

import type { OperatorCost, SelectorCost, Trace } from '../eval/trace.ts';
import { print } from '../promql/printer.ts';

export function explainJson({ operators, selectors }: Trace): string {
  return JSON.stringify({
    operators: operators.map(operatorJson),
    selectors: selectors.map(selectorJson),
  });
}

/** Parts come before the parts they are made of; milliseconds include those. */
function operatorJson({ expr, durationMs, series }: OperatorCost) {
  const operator = 'operator' in expr ? expr.operator : 'name' in expr ? expr.name : undefined;
  return { expression: print(expr), kind: expr.kind, operator, series, milliseconds: durationMs };
}

function selectorJson({ expr, points, durationMs, ...read }: SelectorCost) {
  return { selector: print(expr), samples: points, milliseconds: durationMs, ...read };
}
