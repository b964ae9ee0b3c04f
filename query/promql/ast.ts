// An expression as plain data. What a parser of text, a checker, a printer and an evaluator share.

import type { Matcher } from '../../storage/index.ts';

/** Where a node stands in the text, as UTF-16 offsets: [from, to). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | 'atan2' // arithmetic
  | '=='
  | '!='
  | '>'
  | '<'
  | '>='
  | '<=' // comparison: filters, or gives 0 and 1 with `bool`
  | 'and'
  | 'or'
  | 'unless'; // sets

export type AggregationOperator =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'limitk'
  | 'limit_ratio'
  | 'quantile'
  | 'count_values';

/** A length of time in seconds. `step` and `range` are those of the query it stands in. */
export type Duration =
  | { readonly kind: 'seconds'; readonly value: number; readonly span: Span }
  | { readonly kind: 'step' | 'range'; readonly span: Span }
  | { readonly kind: 'negate'; readonly operand: Duration; readonly span: Span }
  | {
      readonly kind: 'arithmetic';
      readonly operator: '+' | '-' | '*' | '/' | '%' | '^' | 'min_of' | 'max_of';
      readonly left: Duration;
      readonly right: Duration;
      readonly span: Span;
    };

/** The `@` modifier: a fixed time in place of the one evaluated at. */
export type At =
  | { readonly kind: 'time'; readonly timestampMs: number }
  | { readonly kind: 'start' | 'end' };

export interface NumberLiteral {
  readonly kind: 'number';
  readonly value: number;
  readonly span: Span;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly span: Span;
}

export interface Paren {
  readonly kind: 'paren';
  readonly inner: Expr;
  readonly span: Span;
}

export interface Unary {
  readonly kind: 'unary';
  readonly operator: '-' | '+';
  readonly operand: Expr;
  readonly span: Span;
}

/** How series of two vectors find each other. */
export interface Matching {
  readonly on: boolean;
  readonly labels: readonly string[];
  /** The side that may have several series per match: `group_left` makes it the left one. */
  readonly group?: 'left' | 'right';
  /** Labels taken over from the other side. */
  readonly include: readonly string[];
}

export interface Binary {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
  readonly bool: boolean;
  /** Absent when the text has no `on` or `ignoring`. */
  readonly matching?: Matching;
  /** Values that stand in for a series missing on that side. */
  readonly fill: { readonly left?: number; readonly right?: number };
  readonly span: Span;
  readonly operatorSpan: Span;
}

export interface Aggregation {
  readonly kind: 'aggregation';
  readonly operator: AggregationOperator;
  readonly argument: Expr;
  readonly parameter?: Expr;
  readonly without: boolean;
  readonly grouping: readonly string[];
  readonly span: Span;
}

export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
  readonly span: Span;
}

/** What moves the time that a selector or a subquery looks at. */
export interface Modifiers {
  readonly offset?: Duration;
  readonly at?: At;
}

export interface VectorSelector extends Modifiers {
  readonly kind: 'vector';
  /** The name in front of the braces, or alone in quotes within them; also in `matchers`. */
  readonly name?: string;
  readonly matchers: readonly Matcher[];
  /** Of a range: how the values at its edges are found beyond them. */
  readonly extension?: 'anchored' | 'smoothed';
  readonly span: Span;
}

export interface MatrixSelector {
  readonly kind: 'matrix';
  readonly selector: VectorSelector;
  readonly range: Duration;
  readonly span: Span;
}

export interface Subquery extends Modifiers {
  readonly kind: 'subquery';
  readonly inner: Expr;
  readonly range: Duration;
  /** Absent: the step of a query without one. */
  readonly step?: Duration;
  readonly span: Span;
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | Paren
  | Unary
  | Binary
  | Aggregation
  | Call
  | VectorSelector
  | MatrixSelector
  | Subquery;

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);
const SETS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);

export function isComparison(operator: BinaryOperator): boolean {
  return COMPARISONS.has(operator);
}

export function isSetOperator(operator: BinaryOperator): boolean {
  return SETS.has(operator);
}

/** The expression within any parentheses around it. */
export function unwrap(expr: Expr): Expr {
  while (expr.kind === 'paren') expr = expr.inner;
  return expr;
}

/** Direct subexpressions, in the order of the text. */
export function children(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'paren':
    case 'subquery':
      return [expr.inner];
    case 'unary':
      return [expr.operand];
    case 'binary':
      return [expr.left, expr.right];
    case 'aggregation':
      return expr.parameter === undefined ? [expr.argument] : [expr.parameter, expr.argument];
    case 'call':
      return expr.args;
    case 'matrix':
      return [expr.selector];
    case 'number':
    case 'string':
    case 'vector':
      return [];
  }
}
