// Expressions that were parsed a moment ago: dashboards ask the same again and again, and parsing
// takes longer than evaluating a small one.

import type { QueryLimits } from '../limits.ts';
import type { Expr } from './ast.ts';
import { parse } from './parse.ts';

const ENTRIES_MAX = 256;
/** Longer texts are not kept: an expression takes some 50 times its text. */
const CHARS_MAX = 2048;

/** As `parse`; when it is full, what was asked for longest ago goes. */
export function createParser(limits: QueryLimits): (text: string) => Expr {
  // A Map keeps the order of insertion.
  const known = new Map<string, Expr>();
  return (text) => {
    const expr = known.get(text) ?? parse(text, limits);
    if (text.length > CHARS_MAX) return expr;
    known.delete(text);
    known.set(text, expr);
    if (known.size > ENTRIES_MAX) known.delete(known.keys().next().value!);
    return expr;
  };
}
