// What makes sense: value types, argument counts, and which operators go with what.

import { compileMatcher } from '../../storage/index.ts';
import { type Binary, type Call, children, type Expr, isComparison, isSetOperator } from './ast.ts';
import { parseError } from './errors.ts';
import { findFunction, type ValueType } from './functions.ts';
import { quote } from './literals.ts';

const DOCUMENTED: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

/** The type of an expression that `checkTypes` accepts. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'vector':
    case 'aggregation':
      return 'vector';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'paren':
      return typeOf(expr.inner);
    case 'unary':
      return typeOf(expr.operand);
    case 'binary': {
      const scalars = typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar';
      return scalars ? 'scalar' : 'vector';
    }
    case 'call':
      return findFunction(expr.name)!.returns;
  }
}

/** Throws QueryError (bad_data) at the first thing in `text` that makes no sense. */
export function checkTypes(expr: Expr, text: string): void {
  if (expr.kind === 'call' && expr.name === 'info') {
    // The second argument is no selector of its own: it may well match everything.
    if (expr.args[0] !== undefined) checkTypes(expr.args[0], text);
    checkInfoLabels(expr.args[1], text);
  } else {
    for (const child of children(expr)) checkTypes(child, text);
  }
  switch (expr.kind) {
    case 'aggregation':
      expectType(text, expr.argument, 'vector', 'aggregation expression');
      if (expr.parameter !== undefined) {
        const type = expr.operator === 'count_values' ? 'string' : 'scalar';
        expectType(text, expr.parameter, type, 'aggregation parameter');
      }
      return;
    case 'binary':
      checkBinary(expr, text);
      return;
    case 'call':
      checkCall(expr, text);
      return;
    case 'unary': {
      const type = typeOf(expr.operand);
      if (type === 'scalar' || type === 'vector') return;
      throw parseError(
        text,
        expr.span,
        'unary expression only allowed on expressions of type scalar or instant vector, ' +
          `got "${DOCUMENTED[type]}"`,
      );
    }
    case 'subquery': {
      const type = typeOf(expr.inner);
      if (type === 'vector') return;
      const message = `subquery is only allowed on instant vector, got ${type} instead`;
      throw parseError(text, expr.span, message);
    }
    case 'vector':
      // At least one has to refuse series without its label, or the selector would mean everything.
      if (expr.matchers.some((matcher) => !compileMatcher(matcher).matchesEmpty)) return;
      throw parseError(
        text,
        expr.span,
        'vector selector must contain at least one non-empty matcher',
      );
    case 'number':
    case 'string':
    case 'paren':
    case 'matrix':
  }
}

function checkInfoLabels(expr: Expr | undefined, text: string): void {
  if (expr === undefined || (expr.kind === 'vector' && expr.name === undefined)) return;
  const named = expr.kind === 'vector' ? ', got vector selector instead' : '';
  throw parseError(text, expr.span, `expected label selectors only${named}`);
}

function checkBinary(expr: Binary, text: string): void {
  const { operator, operatorSpan, matching } = expr;
  const [left, right] = [typeOf(expr.left), typeOf(expr.right)];
  const scalars = left === 'scalar' && right === 'scalar';
  if (expr.bool && !isComparison(operator)) {
    const message = 'bool modifier can only be used on comparison operators';
    throw parseError(text, operatorSpan, message);
  }
  if (isComparison(operator) && !expr.bool && scalars) {
    throw parseError(text, operatorSpan, 'comparisons between scalars must use BOOL modifier');
  }
  for (const [side, type] of [
    [expr.left, left],
    [expr.right, right],
  ] as const) {
    if (type === 'scalar' || type === 'vector') continue;
    const message = 'binary expression must contain only scalar and instant vector types';
    throw parseError(text, side.span, message);
  }
  if (matching?.on === true && matching.group !== undefined) {
    const both = matching.labels.find((label) => matching.include.includes(label));
    if (both !== undefined) {
      const message = `label ${quote(both)} must not occur in ON and GROUP clause at once`;
      throw parseError(text, operatorSpan, message);
    }
  }
  const fills = expr.fill.left !== undefined || expr.fill.right !== undefined;
  if (left === 'vector' && right === 'vector') {
    if (!isSetOperator(operator) || !fills) return;
    throw parseError(text, expr.span, 'filling in missing series not allowed for set operators');
  }
  if (matching !== undefined && (matching.labels.length > 0 || matching.group !== undefined)) {
    throw parseError(text, expr.span, 'vector matching only allowed between instant vectors');
  }
  if (fills) {
    const message = 'filling in missing series only allowed between instant vectors';
    throw parseError(text, expr.span, message);
  }
  if (isSetOperator(operator)) {
    const message = `set operator "${operator}" not allowed in binary scalar expression`;
    throw parseError(text, expr.span, message);
  }
}

function checkCall(expr: Call, text: string): void {
  const { name, args } = expr;
  const known = findFunction(name);
  if (known === undefined) {
    throw parseError(text, expr.span, `unknown function with name "${name}"`);
  }
  const least = known.args.length - known.optional;
  const expected =
    known.optional === 0 && args.length !== least
      ? least
      : args.length < least
        ? `at least ${least}`
        : args.length > known.most
          ? `at most ${known.most}`
          : undefined;
  if (expected !== undefined) {
    const message = `expected ${expected} argument(s) in call to "${name}", got ${args.length}`;
    throw parseError(text, expr.span, message);
  }
  args.forEach((arg, i) => {
    expectType(text, arg, known.args[i] ?? known.args.at(-1)!, `call to function "${name}"`);
  });
}

function expectType(text: string, expr: Expr, want: ValueType, context: string): void {
  const type = typeOf(expr);
  if (type === want) return;
  const message = `expected type ${DOCUMENTED[want]} in ${context}, got ${DOCUMENTED[type]}`;
  throw parseError(text, expr.span, message);
}
