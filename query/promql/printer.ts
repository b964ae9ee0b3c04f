// Expression -> text: one canonical line that parses back to the same expression.

import type { Matcher } from '../../storage/index.ts';
import { formatFloat } from '../float.ts';
import type {
  Aggregation,
  Binary,
  Duration,
  Expr,
  Matching,
  MatrixSelector,
  Modifiers,
  VectorSelector,
} from './ast.ts';
import { formatDuration, isPlainLabelName, isPlainMetricName, quote } from './literals.ts';

export function print(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return formatFloat(expr.value);
    case 'string':
      return quote(expr.value);
    case 'paren':
      return `(${print(expr.inner)})`;
    case 'unary':
      return `${expr.operator}${print(expr.operand)}`;
    case 'binary':
      return printBinary(expr);
    case 'aggregation':
      return printAggregation(expr);
    case 'call':
      return `${expr.name}(${expr.args.map(print).join(', ')})`;
    case 'vector':
      return printSelector(expr) + printModifiers(expr);
    case 'matrix':
      return printMatrix(expr);
    case 'subquery': {
      const step = expr.step === undefined ? '' : printDuration(expr.step);
      const range = printDuration(expr.range);
      return `${print(expr.inner)}[${range}:${step}]${printModifiers(expr)}`;
    }
  }
}

function printMatrix({ selector, range }: MatrixSelector): string {
  const extension = selector.extension === undefined ? '' : ` ${selector.extension}`;
  const window = `[${printDuration(range)}]${extension}`;
  return printSelector(selector) + window + printModifiers(selector);
}

function printBinary(expr: Binary): string {
  const words = [print(expr.left), expr.operator];
  if (expr.bool) words.push('bool');
  if (expr.matching !== undefined) words.push(printMatching(expr.matching));
  const { left, right } = expr.fill;
  if (left !== undefined && Object.is(left, right)) {
    words.push(`fill (${formatFloat(left)})`);
  } else {
    if (left !== undefined) words.push(`fill_left (${formatFloat(left)})`);
    if (right !== undefined) words.push(`fill_right (${formatFloat(right)})`);
  }
  words.push(print(expr.right));
  return words.join(' ');
}

function printMatching(matching: Matching): string {
  const clause = `${matching.on ? 'on' : 'ignoring'} (${printNames(matching.labels)})`;
  if (matching.group === undefined) return clause;
  return `${clause} group_${matching.group} (${printNames(matching.include)})`;
}

function printAggregation(expr: Aggregation): string {
  const args = [...(expr.parameter === undefined ? [] : [expr.parameter]), expr.argument];
  const call = `(${args.map(print).join(', ')})`;
  if (expr.without) return `${expr.operator} without (${printNames(expr.grouping)}) ${call}`;
  if (expr.grouping.length === 0) return `${expr.operator}${call}`;
  return `${expr.operator} by (${printNames(expr.grouping)}) ${call}`;
}

function printNames(names: readonly string[]): string {
  return names.map((name) => (isPlainLabelName(name) ? name : quote(name))).join(', ');
}

/** A selector without modifiers. */
export function printSelector(selector: VectorSelector): string {
  const { name } = selector;
  const others = name === undefined ? selector.matchers : selector.matchers.slice(0, -1);
  const matchers = others.map(printMatcher);
  if (name === undefined) return `{${matchers.join(',')}}`;
  if (!isPlainMetricName(name)) return `{${[quote(name), ...matchers].join(',')}}`;
  return matchers.length === 0 ? name : `${name}{${matchers.join(',')}}`;
}

export function printMatcher(matcher: Matcher): string {
  const name = isPlainLabelName(matcher.name) ? matcher.name : quote(matcher.name);
  return `${name}${matcher.type}${quote(matcher.value)}`;
}

function printModifiers(expr: Modifiers): string {
  const { at, offset } = expr;
  let text = '';
  if (at?.kind === 'time') text += ` @ ${(at.timestampMs / 1000).toFixed(3)}`;
  else if (at !== undefined) text += ` @ ${at.kind}()`;
  if (offset === undefined) return text;
  const plain = offset.kind === 'seconds' || offset.kind === 'step' || offset.kind === 'range';
  return `${text} offset ${plain ? printDuration(offset) : `(${printDuration(offset)})`}`;
}

function printDuration(duration: Duration): string {
  switch (duration.kind) {
    case 'seconds': {
      const ms = duration.value * 1000;
      return Number.isInteger(ms) ? formatDuration(ms) : formatFloat(duration.value);
    }
    case 'step':
    case 'range':
      return `${duration.kind}()`;
    case 'negate':
      return `-(${printDuration(duration.operand)})`;
    case 'arithmetic': {
      const { operator } = duration;
      const [left, right] = [printDuration(duration.left), printDuration(duration.right)];
      if (operator === 'min_of' || operator === 'max_of') return `${operator}(${left}, ${right})`;
      return `(${left} ${operator} ${right})`;
    }
  }
}
