// Mistakes in the text, with their place.

import { QueryError } from '../errors.ts';
import type { Span } from './ast.ts';

/** `line:column` of an offset, both from 1. */
export function position(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return `${line}:${offset - before.lastIndexOf('\n')}`;
}

/** A QueryError that points at `span.from`: `1:5: parse error: ...`. */
export function parseError(text: string, span: Pick<Span, 'from'>, message: string): QueryError {
  return new QueryError('bad_data', `${position(text, span.from)}: parse error: ${message}`);
}
