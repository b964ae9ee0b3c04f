// Durations and `@` of an expression in the query it stands in.

import { QueryError } from '../errors.ts';
import type { At, Duration } from '../promql/ast.ts';
import type { QueryRange } from './context.ts';

const SECONDS_MAX = 2 ** 63 / 1e9;

/** Whole milliseconds, rounded towards zero; may be negative. */
export function offsetMs(duration: Duration | undefined, query: QueryRange): number {
  if (duration === undefined) return 0;
  const value = seconds(duration, query);
  if (!Number.isFinite(value)) throw new QueryError('execution', 'duration is NaN or infinite');
  if (Math.abs(value) > SECONDS_MAX) throw new QueryError('execution', 'duration is out of range');
  return Math.trunc(roundedMs(value)) + 0;
}

/** Seconds to ms without the noise of the multiplication: 0.29 s is 290 ms, not 289.99... */
function roundedMs(value: number): number {
  const ms = value * 1000;
  const whole = Math.round(ms);
  return Math.abs(ms - whole) < 1e-6 ? whole : ms;
}

/** Milliseconds above zero. */
export function rangeMs(duration: Duration, query: QueryRange): number {
  const ms = offsetMs(duration, query);
  if (ms <= 0) throw new QueryError('execution', 'duration must be greater than 0');
  return ms;
}

export function atMs(at: At | undefined, query: QueryRange): number | undefined {
  switch (at?.kind) {
    case undefined:
      return undefined;
    case 'time':
      return at.timestampMs;
    case 'start':
      return query.startMs;
    case 'end':
      return query.endMs;
  }
}

function seconds(duration: Duration, query: QueryRange): number {
  switch (duration.kind) {
    case 'seconds':
      return duration.value;
    case 'step':
      return query.stepMs / 1000;
    case 'range':
      return (query.endMs - query.startMs) / 1000;
    case 'negate':
      return -seconds(duration.operand, query);
    case 'arithmetic':
      return combine(
        duration.operator,
        seconds(duration.left, query),
        seconds(duration.right, query),
      );
  }
}

type Arithmetic = Extract<Duration, { kind: 'arithmetic' }>['operator'];

function combine(operator: Arithmetic, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      if (right === 0) throw new QueryError('execution', 'division by zero');
      return left / right;
    case '%':
      if (right === 0) throw new QueryError('execution', 'modulo by zero');
      return left % right;
    case '^':
      return left ** right;
    case 'min_of':
      return Math.min(left, right);
    case 'max_of':
      return Math.max(left, right);
  }
}
