// Syntax tree -> expression, one operator chain at a time.

import type { SyntaxNode } from '@lezer/common';
import type { QueryLimits } from '../limits.ts';
import type { AggregationOperator, Binary, BinaryOperator, Expr, Matching, Span } from './ast.ts';
import { isSetOperator } from './ast.ts';
import { readSeconds } from './duration-reader.ts';
import { parseError } from './errors.ts';
import { numberValue, unquote } from './literals.ts';
import { withModifier } from './modifiers.ts';
import { flatten, type Item, PRECEDENCE, PREFIX_PRECEDENCE } from './operators.ts';
import { tooDeep } from './scan-text.ts';
import { readLabelNames, readSelector } from './selector-reader.ts';

/** An expression, and how many levels it has. */
interface Built {
  readonly expr: Expr;
  readonly height: number;
}

const PARAMETRIC: ReadonlySet<string> = new Set([
  'topk',
  'bottomk',
  'limitk',
  'limit_ratio',
  'quantile',
  'count_values',
]);

/**
 * Reads expressions of `text`; the nodes are those of its `scanned` form. Refuses more than
 * `limits.depthMax` levels before it recurses.
 */
export function createExpressionReader(
  text: string,
  scanned: string,
  limits: QueryLimits,
): (node: SyntaxNode) => Expr {
  return (node) => readChain(node, 1).expr;

  function checkDepth(levels: number, from: number): void {
    if (levels > limits.depthMax) throw tooDeep(text, from, limits);
  }

  function readChain(node: SyntaxNode, depth: number): Built {
    checkDepth(depth, node.from);
    const chain = { items: flatten(node, text), next: 0 };
    return readOperators(chain, 1, depth);
  }

  /** Operators that bind at least as tight as `precedenceMin`. */
  function readOperators(
    chain: { items: readonly Item[]; next: number },
    precedenceMin: number,
    depth: number,
  ): Built {
    let left = readOperand(chain, depth);
    for (;;) {
      const item = chain.items[chain.next];
      if (item?.kind !== 'infix') return left;
      const operatorNode = item.node.firstChild!.nextSibling!;
      const operator = text.slice(operatorNode.from, operatorNode.to).toLowerCase();
      const precedence = PRECEDENCE[operator];
      if (precedence === undefined) {
        const message = `operator "${operator}" takes native histograms, which are not stored here`;
        throw parseError(text, operatorNode, message);
      }
      if (precedence < precedenceMin) return left;
      chain.next++;
      checkDepth(depth + 1, operatorNode.from);
      const tighter = operator === '^' ? precedence : precedence + 1;
      const right = readOperators(chain, tighter, depth + 1);
      const expr = readBinary(item.node, operator as BinaryOperator, left.expr, right.expr);
      left = { expr, height: Math.max(left.height, right.height) + 1 };
      checkDepth(left.height, operatorNode.from);
    }
  }

  function readOperand(chain: { items: readonly Item[]; next: number }, depth: number): Built {
    const item = chain.items[chain.next++]!;
    if (item.kind === 'prefix') {
      checkDepth(depth + 1, item.from);
      const operand = readOperators(chain, PREFIX_PRECEDENCE + 1, depth + 1);
      const span = { from: item.from, to: operand.expr.span.to };
      if (operand.expr.kind === 'number') {
        const value = item.operator === '-' ? -operand.expr.value : operand.expr.value;
        return { expr: { kind: 'number', value, span }, height: operand.height };
      }
      const { operator } = item;
      const expr: Expr = { kind: 'unary', operator, operand: operand.expr, span };
      return { expr, height: operand.height + 1 };
    }
    if (item.kind !== 'operand') throw parseError(text, item.node, 'expected an expression');
    let built = readPrimary(item.node, depth);
    for (;;) {
      const modifier = chain.items[chain.next];
      if (modifier?.kind !== 'postfix') return built;
      chain.next++;
      const expr = withModifier(text, built.expr, modifier.node, limits);
      built = { expr, height: built.height + 1 };
      checkDepth(built.height, modifier.node.from);
    }
  }

  function readPrimary(node: SyntaxNode, depth: number): Built {
    const span: Span = { from: node.from, to: node.to };
    switch (node.name) {
      case 'NumberDurationLiteral': {
        const literal = text.slice(node.from, node.to).replace(/^[-+]\s*/, '');
        const value = numberValue(literal);
        if (value === undefined)
          throw parseError(text, span, `bad number or duration syntax: "${literal}"`);
        return { expr: { kind: 'number', value, span }, height: 1 };
      }
      case 'StringLiteral':
        return { expr: { kind: 'string', value: readString(node), span }, height: 1 };
      case 'VectorSelector':
        return { expr: readSelector(text, node), height: 1 };
      case 'ParenExpr': {
        const inner = readChain(node.firstChild!, depth + 1);
        return { expr: { kind: 'paren', inner: inner.expr, span }, height: inner.height + 1 };
      }
      case 'FunctionCall': {
        const name = functionName(node.from);
        const { args, height } = readArguments(node.lastChild!, depth);
        return { expr: { kind: 'call', name, args, span }, height: height + 1 };
      }
      case 'AggregateExpr':
        return readAggregation(node, depth);
      default:
        throw parseError(text, span, `${node.name} is not supported`);
    }
  }

  /** As it is written, or lowered where the grammar was given another word for it. */
  function functionName(from: number): string {
    const name = /^\w+/.exec(text.slice(from))![0];
    return scanned.startsWith(name, from) ? name : name.toLowerCase();
  }

  function readString(node: SyntaxNode): string {
    const literal = text.slice(node.from, node.to);
    const value = unquote(literal);
    if (value === undefined) {
      throw parseError(text, node, `error unquoting string ${literal}: invalid syntax`);
    }
    return value;
  }

  function readArguments(
    body: SyntaxNode,
    depth: number,
  ): { args: readonly Expr[]; height: number } {
    const args: Expr[] = [];
    let height = 0;
    for (let child = body.firstChild; child !== null; child = child.nextSibling) {
      const built = readChain(child, depth + 1);
      args.push(built.expr);
      height = Math.max(height, built.height);
    }
    return { args, height };
  }

  function readAggregation(node: SyntaxNode, depth: number): Built {
    const span = { from: node.from, to: node.to };
    const name = text.slice(node.firstChild!.from, node.firstChild!.to).toLowerCase();
    const operator = name as AggregationOperator;
    const { args, height } = readArguments(node.getChild('FunctionCallBody')!, depth);
    const expected = PARAMETRIC.has(name) ? 2 : 1;
    if (args.length === 0) {
      throw parseError(text, span, 'no arguments for aggregate expression provided');
    }
    if (args.length !== expected) {
      throw parseError(
        text,
        span,
        'wrong number of arguments for aggregate expression provided, ' +
          `expected ${expected}, got ${args.length}`,
      );
    }
    const modifier = node.getChild('AggregateModifier');
    const expr: Expr = {
      kind: 'aggregation',
      operator,
      argument: args.at(-1)!,
      ...(expected === 2 && { parameter: args[0]! }),
      without: modifier !== null && modifier.getChild('Without') !== null,
      grouping: modifier === null ? [] : readLabelNames(text, modifier.getChild('GroupingLabels')!),
      span,
    };
    return { expr, height: height + 1 };
  }

  function readBinary(node: SyntaxNode, operator: BinaryOperator, left: Expr, right: Expr): Binary {
    const operatorNode = node.firstChild!.nextSibling!;
    const matching = node.getChild('MatchingModifierClause');
    const fill = node.getChild('FillModifier');
    return {
      kind: 'binary',
      operator,
      left,
      right,
      bool: node.getChild('BoolModifier') !== null,
      ...(matching !== null && { matching: readMatching(matching, operator) }),
      fill: fill === null ? {} : readFill(fill),
      span: { from: left.span.from, to: right.span.to },
      operatorSpan: { from: operatorNode.from, to: operatorNode.to },
    };
  }

  function readMatching(clause: SyntaxNode, operator: BinaryOperator): Matching {
    const [labels, include] = clause.getChildren('GroupingLabels');
    const side =
      clause.getChild('GroupLeft') !== null
        ? 'left'
        : clause.getChild('GroupRight') !== null
          ? 'right'
          : undefined;
    if (side !== undefined && isSetOperator(operator)) {
      throw parseError(text, clause, `no grouping allowed for "${operator}" operation`);
    }
    return {
      on: clause.getChild('On') !== null,
      labels: readLabelNames(text, labels!),
      ...(side !== undefined && { group: side }),
      include: include === undefined ? [] : readLabelNames(text, include),
    };
  }

  function readFill(modifier: SyntaxNode): Binary['fill'] {
    const value = (name: string): number | undefined => {
      const literal = modifier.getChild(name)?.getChild('NumberDurationLiteral');
      if (literal === undefined || literal === null) return undefined;
      return readSeconds(text, literal).value;
    };
    const left = value('FillLeftClause') ?? value('FillClause');
    const right = value('FillRightClause') ?? value('FillClause');
    return { ...(left !== undefined && { left }), ...(right !== undefined && { right }) };
  }
}
