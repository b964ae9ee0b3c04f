// What /api/v1/events is asked: a selector, and behind it what a body must have or must not have.
//
//   {service="api"} |= "timeout" != "retry" |~ "id=\\d+" !~ "^debug"

import { RE2JS } from 're2js';
import type { EventFilter, Matcher } from '../../storage/index.ts';
import type { QueryError } from '../errors.ts';
import type { QueryLimits } from '../limits.ts';
import { parseError } from '../promql/errors.ts';
import { unquote } from '../promql/literals.ts';
import { parseMatchers } from '../promql/parse.ts';

export interface EventQuery {
  readonly matchers: readonly Matcher[];
  /** Undefined: every body. */
  readonly filter: EventFilter | undefined;
}

/** Tests of one query: each is made for every body that passed those before. */
const TESTS_MAX = 32;

const STRING = /"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'|`[^`]*`/;
/** Of a selector: strings and braces in which an operator is none, and any other character. */
const SELECTOR_TOKEN = new RegExp(`${STRING.source}|[{}]|\\|=|\\|~|!=|!~|[^]`, 'y');
const TEST = new RegExp(`\\s*(\\|=|\\|~|!=|!~)\\s*(${STRING.source})`, 'y');
const OPERATOR = /^(?:\|=|\|~|!=|!~)$/;

/** Throws QueryError (bad_data), which points into the text. */
export function parseEventQuery(text: string, limits: QueryLimits): EventQuery {
  const end = selectorEnd(text);
  const matchers = parseMatchers(text.slice(0, end).trimEnd(), limits);
  const tests: BodyTest[] = [];
  const contains: Buffer[] = [];
  TEST.lastIndex = end;
  for (let at = end; text.slice(at).trim() !== ''; at = TEST.lastIndex) {
    TEST.lastIndex = at;
    const found = TEST.exec(text);
    if (found === null) throw unreadable(text, at);
    if (tests.length === TESTS_MAX) {
      throw parseError(text, { from: at }, `more than ${TESTS_MAX} tests of the body`);
    }
    const [whole, operator, literal] = found as unknown as [string, string, string];
    const wanted = unquote(literal);
    const from = at + whole.length - literal.length;
    if (wanted === undefined) throw parseError(text, { from }, `invalid string ${literal}`);
    tests.push(createTest(operator, wanted, text, from));
    if (operator === '|=') contains.push(Buffer.from(wanted));
  }
  if (tests.length === 0) return { matchers, filter: undefined };
  const accepts = (body: Uint8Array) => {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
    return tests.every((test) => test(bytes));
  };
  return { matchers, filter: { contains, accepts } };
}

/** Where the first test of the body begins: the first operator outside braces and strings. */
function selectorEnd(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at = SELECTOR_TOKEN.lastIndex) {
    SELECTOR_TOKEN.lastIndex = at;
    const token = SELECTOR_TOKEN.exec(text)![0];
    if (token === '{') depth++;
    else if (token === '}') depth--;
    else if (depth === 0 && OPERATOR.test(token)) return at;
  }
  return text.length;
}

type BodyTest = (body: Buffer) => boolean;

function createTest(operator: string, wanted: string, text: string, from: number): BodyTest {
  if (operator === '|=' || operator === '!=') {
    const bytes = Buffer.from(wanted);
    const isWanted = operator === '|=';
    return (body) => body.includes(bytes) === isWanted;
  }
  const regex = compile(wanted, text, from);
  const isWanted = operator === '|~';
  return (body) => regex.matcher(body.toString()).find() === isWanted;
}

function compile(expression: string, text: string, from: number): RE2JS {
  try {
    return RE2JS.compile(expression);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw parseError(text, { from }, `invalid regular expression: ${reason}`);
  }
}

function unreadable(text: string, at: number): QueryError {
  const from = at + /^\s*/.exec(text.slice(at))![0].length;
  return parseError(text, { from }, 'expected |=, !=, |~ or !~ and a string');
}
