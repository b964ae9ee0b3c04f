// Operators on numbers: between scalars, and between a vector and a scalar.

import { type BinaryOperator, isComparison } from '../promql/ast.ts';
import { type Budget, mapInTurns, mapValues } from './budget.ts';
import type { Series } from './value.ts';

type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
type ComparisonOperator = '==' | '!=' | '>' | '<' | '>=' | '<=';

const ARITHMETIC: Readonly<Record<ArithmeticOperator, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': power,
  atan2: Math.atan2,
};

const COMPARE: Readonly<Record<ComparisonOperator, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};

/** IEEE 754's pow, as Go has it: JavaScript's differs where the base is 1 or -1. */
function power(base: number, exponent: number): number {
  if (base === 1) return 1;
  if (base === -1 && Math.abs(exponent) === Infinity) return 1;
  return base ** exponent;
}

export function arithmetic(operator: BinaryOperator): (a: number, b: number) => number {
  return ARITHMETIC[operator as ArithmeticOperator];
}

export function comparison(operator: BinaryOperator): (a: number, b: number) => boolean {
  return COMPARE[operator as ComparisonOperator];
}

export function scalarBinary(
  operator: BinaryOperator,
  left: Float64Array,
  right: Float64Array,
): Float64Array {
  if (isComparison(operator)) {
    const holds = comparison(operator);
    return left.map((value, i) => (holds(value, right[i]!) ? 1 : 0));
  }
  const compute = arithmetic(operator);
  return left.map((value, i) => compute(value, right[i]!));
}

/**
 * A vector with a scalar on its `side`. A comparison keeps the vector's values where it holds, or
 * with `bool` gives 0 and 1.
 */
export async function vectorScalarBinary(
  operator: BinaryOperator,
  vector: readonly Series[],
  scalar: Float64Array,
  side: 'left' | 'right',
  bool: boolean,
  budget: Budget,
): Promise<readonly Series[]> {
  const apply = <Result>(compute: (a: number, b: number) => Result) =>
    side === 'right' ? compute : (a: number, b: number) => compute(b, a);
  if (!isComparison(operator)) {
    const compute = apply(arithmetic(operator));
    return mapValues(budget, vector, (value, i) => compute(value, scalar[i]!));
  }
  const holds = apply(comparison(operator));
  if (bool) {
    return mapValues(budget, vector, (value, i) => (holds(value, scalar[i]!) ? 1 : 0));
  }
  return mapInTurns(budget, vector, (series) => ({
    ...series,
    present: series.present.map((there, i) =>
      there === 1 && holds(series.values[i]!, scalar[i]!) ? 1 : 0,
    ),
  }));
}
