// Questions to the schema itself: which keys a section has, and what a rejected value should be.

import * as z from 'zod';
import { closest, type KeyPath } from './problem.ts';
import type { BrokenRule } from './rules.ts';
import { configSchema } from './schema.ts';
import { isRecord } from './source.ts';

/** A section whose keys are all commented out is YAML's null: take it as an empty one. */
export function dropEmptySections(input: unknown, schema: z.core.$ZodType = configSchema): unknown {
  const section = unwrapped(schema);
  if (!(section instanceof z.ZodObject)) return input;
  if (input === null) return {};
  if (!isRecord(input)) return input;
  const entries = Object.entries(input).map(([key, value]) => {
    const inner = section.shape[key] as z.core.$ZodType | undefined;
    return [key, inner === undefined ? value : dropEmptySections(value, inner)];
  });
  return Object.fromEntries(entries);
}

/** A schema's complaint in words: one entry for each key that is wrong. */
export function describeIssue(issue: z.core.$ZodIssue, input: unknown): BrokenRule[] {
  const path = issue.path.filter((key) => typeof key !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(path, key) }));
  }
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((issues) => !issues.some(isOtherKind));
    const inner = meant?.map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
    if (inner !== undefined) return inner.flatMap((one) => describeIssue(one, input));
  }
  const found = valueAt(input, path);
  return [{ path, message: `${expectation(issue)}, found ${show(found)}${guess(issue, found)}` }];
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `expected ${issue.values.join(' or ')}`;
    case 'invalid_union': {
      const choices = issue.errors.map(([first]) =>
        first === undefined ? '' : expectation(first),
      );
      return choices.join(', or ').replaceAll(', or expected', ', or');
    }
    case 'invalid_type':
      return `expected ${TYPE_WORDS[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `expected ${sizeWord(issue.origin)} of at least ${issue.minimum}`;
    case 'too_big':
      return `expected ${sizeWord(issue.origin)} of at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

/** Whether the value as a whole is of another kind than this choice of a union. */
function isOtherKind({ code, path }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: 'a section with keys of its own',
  array: 'a list',
  record: 'names with values',
  boolean: 'true or false',
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
};

/** What is out of its bounds: a length, or a number itself. */
function sizeWord(origin: string): string {
  if (origin === 'array') return 'a list with a length';
  return origin === 'string' ? 'a text with a length' : 'a whole number';
}

function guess(issue: z.core.$ZodIssue, found: unknown): string {
  if (issue.code !== 'invalid_value' || typeof found !== 'string') return '';
  const choice = closest(found, issue.values.map(String));
  return choice === undefined ? '' : `; did you mean ${choice}?`;
}

/** `input` without the keys that were rejected; of a list with a wrong item, nothing is left. */
export function withoutRejected(issues: readonly z.core.$ZodIssue[], input: unknown): unknown {
  const paths = issues.flatMap(({ path, ...issue }) => {
    const index = path.findIndex((key) => typeof key === 'number');
    if (index !== -1) return [path.slice(0, index)];
    return 'keys' in issue ? issue.keys.map((key) => [...path, key]) : [path];
  });
  return paths.reduce(withoutKey, input);
}

function withoutKey(target: unknown, [key, ...rest]: readonly PropertyKey[]): unknown {
  if (!isRecord(target) || typeof key !== 'string') return key === undefined ? {} : target;
  const { [key]: value, ...others } = target;
  return rest.length === 0 ? others : { ...others, [key]: withoutKey(value, rest) };
}

function unknownKey(path: KeyPath, key: string): string {
  const known = knownKeys(path);
  const meant = closest(key, known);
  if (meant !== undefined) return `unknown key; did you mean ${meant}?`;
  return `unknown key; known here: ${known.join(', ')}`;
}

function knownKeys(path: KeyPath): string[] {
  let schema: z.core.$ZodType | undefined = configSchema;
  for (const key of path) {
    const outer: z.core.$ZodType | undefined = schema && unwrapped(schema);
    if (outer instanceof z.ZodObject) schema = outer.shape[key] as z.core.$ZodType | undefined;
    else if (outer instanceof z.ZodArray) schema = outer.element;
    else return [];
  }
  const section = schema && unwrapped(schema);
  return section instanceof z.ZodObject ? Object.keys(section.shape) : [];
}

/** The schema behind its default and its null; of a choice, the list. */
export function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodUnion) {
    return schema.options.find((option) => option instanceof z.ZodArray) ?? schema;
  }
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodNullable) {
    return unwrapped(schema.unwrap());
  }
  return schema;
}

function valueAt(input: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | null | undefined)?.[key],
    input,
  );
}

/** A value as the user would write it, short enough for one line. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
