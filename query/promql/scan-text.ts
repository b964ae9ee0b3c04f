// A first pass over the text, before the grammar sees it: it bounds what the grammar and everything
// after it would otherwise do without end, and evens out where PromQL is laxer than the grammar.

import { QueryError } from '../errors.ts';
import { limitNote, type QueryLimits } from '../limits.ts';
import { parseError } from './errors.ts';

const TOKENS = {
  comment: /#[^\n]*/,
  string: /"(?:[^"\\\n]|\\[^\n])*"?|'(?:[^'\\\n]|\\[^\n])*'?|`[^`]*`?/,
  /** Words that are called in durations as well as elsewhere, in any case. */
  called: /\b(?:step|range|start|end|min_of|max_of)(?=\s*\()/,
  /** `2.` */
  pointed: /(?<![\w.])\d[\d_]*\.(?![\w.])/,
  open: /[([{]/,
  close: /[)\]}]/,
  operator: /[-+*/%^]|[=!<>]=|[<>]|\b(?:and|or|unless|atan2)\b/,
} as const;

const TOKEN = new RegExp(
  Object.entries(TOKENS)
    .map(([kind, pattern]) => `(?<${kind}>${pattern.source})`)
    .join('|'),
  'gi',
);

const PAIRS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const NAMES: Readonly<Record<string, string>> = {
  '(': 'parenthesis',
  '[': 'bracket',
  '{': 'brace',
};

/**
 * The grammar's own work grows faster than the text. It is cut here, far beyond any chain of
 * operators that could pass as not nested too deep.
 */
const OPERATORS_PER_LEVEL = 10;

/** Stands for a function that the grammar knows in durations only. As long as their names. */
const STAND_IN = 'abs   ';
const DURATION_FUNCTION = /^(?:min_of|max_of)$/i;
/** The end of a text after which a duration begins, or goes on in parentheses. */
const BEFORE_DURATION = /\boffset\s*[-+]?\s*(?:min_of\s*|max_of\s*)?$/i;
/** More than stands between `offset` and a duration, blanks aside that nobody writes. */
const BEFORE_CHARS = 64;

/** What is between two brackets, nested ones left out. */
interface Scope {
  readonly bracket: string;
  /** Whether it is a duration. */
  readonly duration: boolean;
  /** Operators, and brackets that follow like operators, as in `a[5m:][1h:]`. */
  operators: number;
}

/** Throws QueryError (bad_data) for an expression of too many bytes. */
export function checkExpressionBytes(bytes: number, limits: QueryLimits): void {
  if (bytes <= limits.expressionBytesMax) return;
  const note = limitNote(limits, 'expressionBytesMax');
  throw new QueryError('bad_data', `the expression has ${bytes} bytes${note}`);
}

/**
 * The text to give to the grammar, position for position the same: comments are blanks, some words
 * are lowered, `2.` is `2 `, and min_of() and max_of() outside durations are abs(). Throws
 * QueryError when it is too long, nests too deep, or leaves a string or a bracket open.
 */
export function scanText(text: string, limits: QueryLimits): string {
  checkExpressionBytes(Buffer.byteLength(text), limits);
  const scopes: Scope[] = [{ bracket: '', duration: false, operators: 0 }];

  function addOperator(from: number): void {
    const scope = scopes.at(-1)!;
    scope.operators++;
    if (scope.operators > limits.depthMax * OPERATORS_PER_LEVEL) throw tooDeep(text, from, limits);
  }

  function inDuration(from: number): boolean {
    if (scopes.at(-1)!.duration) return true;
    return BEFORE_DURATION.test(text.slice(Math.max(0, from - BEFORE_CHARS), from));
  }

  function replace(kind: keyof typeof TOKENS, token: string, from: number): string {
    switch (kind) {
      case 'comment':
        return ' '.repeat(token.length);
      case 'string':
        if (token.length > 1 && token.at(-1) === token[0]) return token;
        throw parseError(text, { from }, 'unterminated quoted string');
      case 'called':
        if (DURATION_FUNCTION.test(token) && !inDuration(from)) return STAND_IN;
        return token.toLowerCase();
      case 'pointed':
        return `${token.slice(0, -1)} `;
      case 'operator':
        addOperator(from);
        return token;
      case 'open':
        if (token === '[') addOperator(from);
        scopes.push({
          bracket: token,
          duration: token === '[' || inDuration(from),
          operators: 0,
        });
        if (scopes.length - 1 > limits.depthMax) throw tooDeep(text, from, limits);
        return token;
      case 'close':
        if (PAIRS[scopes.at(-1)!.bracket] !== token) {
          throw parseError(text, { from }, `unexpected "${token}"`);
        }
        scopes.pop();
        return token;
    }
  }

  let scanned = '';
  let copied = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match;
    const [kind] = Object.entries(match.groups!).find(([, value]) => value !== undefined)!;
    scanned += text.slice(copied, match.index);
    scanned += replace(kind as keyof typeof TOKENS, token, match.index);
    copied = match.index + token.length;
  }
  const unclosed = scopes.at(-1)!.bracket;
  if (unclosed !== '') {
    throw parseError(text, { from: text.length }, `unclosed left ${NAMES[unclosed]}`);
  }
  return scanned + text.slice(copied);
}

export function tooDeep(text: string, from: number, limits: QueryLimits): QueryError {
  return parseError(text, { from }, `nested too deep${limitNote(limits, 'depthMax')}`);
}
