// A first pass over the text, before the grammar sees it: it bounds nesting, so that nothing after
// it can recurse without end, and evens out what the grammar is stricter about than PromQL is.

import { QueryError } from '../errors.ts';
import { limitNote, type QueryLimits } from '../limits.ts';
import { parseError } from './errors.ts';

const CLOSES: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const OPENER_NAMES: Readonly<Record<string, string>> = {
  '(': 'parenthesis',
  '[': 'bracket',
  '{': 'brace',
};

/** One of: a comment, a string, a word that is called, a number that ends in a point, a bracket. */
const TOKEN =
  /#[^\n]*|"(?:[^"\\\n]|\\[^\n])*"?|'(?:[^'\\\n]|\\[^\n])*'?|`[^`]*`?|\b(?:step|range|start|end|min_of|max_of)(?=\s*\()|(?<![\w.])\d[\d_]*\.(?![\w.])|[()[\]{}]/gi;

/**
 * The text to give to the grammar, position for position the same: words that PromQL takes in any
 * case are lowered, and `2.` becomes `2`. Throws QueryError when it is too long, nests too deep, or leaves a string or
 * bracket open.
 */
export function scanText(text: string, limits: QueryLimits): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.expressionBytesMax) {
    const note = limitNote(limits, 'expressionBytesMax');
    throw new QueryError('bad_data', `the expression has ${bytes} bytes${note}`);
  }
  const open: { bracket: string; from: number }[] = [];
  const scanned = text.replace(TOKEN, (token, from: number) => {
    if (token[0] === '#') return token;
    if ('"\'`'.includes(token[0]!)) {
      if (token.length < 2 || token.at(-1) !== token[0]) {
        throw parseError(text, { from }, `unterminated quoted string`);
      }
      return token;
    }
    if (CLOSES[token] !== undefined) {
      open.push({ bracket: token, from });
      if (open.length > limits.depthMax) throw tooDeep(text, from, limits);
      return token;
    }
    if (/[)\]}]/.test(token)) {
      const opened = open.pop();
      if (opened === undefined || CLOSES[opened.bracket] !== token) {
        throw parseError(text, { from }, `unexpected "${token}"`);
      }
      return token;
    }
    return token.endsWith('.') ? `${token.slice(0, -1)} ` : token.toLowerCase();
  });
  const unclosed = open.at(-1);
  if (unclosed !== undefined) {
    const name = OPENER_NAMES[unclosed.bracket];
    throw parseError(text, { from: text.length }, `unclosed left ${name}`);
  }
  return scanned;
}

export function tooDeep(text: string, from: number, limits: QueryLimits): QueryError {
  return parseError(text, { from }, `nested too deep${limitNote(limits, 'depthMax')}`);
}
