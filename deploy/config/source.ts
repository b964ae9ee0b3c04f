// Where a config comes from: a YAML text and overrides from flags, merged into one plain value that
// still knows the place of each key.

import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parse,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { KeyPath, Problem } from './problem.ts';

/** One `--set a.b.c=VALUE`, or a flag that stands for a key. */
export interface Override {
  readonly path: KeyPath;
  readonly value: unknown;
  /** As the user typed it, for messages. */
  readonly flag: string;
}

export interface ConfigSource {
  /** The merged input; not validated. */
  readonly input: unknown;
  /** What the YAML itself has wrong; then `input` is of no use. */
  readonly problems: readonly Problem[];
  /** `FILE:LINE` of the key at `path`, or of its nearest parent, or the flag that set it. */
  placeOf(path: KeyPath): string;
}

/** Reads `KEY=VALUE`, VALUE being YAML; undefined when it is not that. */
export function parseOverride(text: string): Override | undefined {
  const equals = text.indexOf('=');
  const key = text.slice(0, Math.max(equals, 0));
  if (!/^\w+(\.\w+)*$/.test(key)) return undefined;
  const path = key.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  try {
    return { path, value: parse(text.slice(equals + 1)), flag: `--set ${text}` };
  } catch {
    return undefined;
  }
}

/** `file` names the text in messages; an empty text is an empty config. */
export function readSource(
  file: string,
  text: string,
  overrides: readonly Override[],
): ConfigSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number) => `${file}:${lines.linePos(offset).line || 1}`;
  const { value: fromFile, errors } = plainValue(document);
  const problems = errors.map(({ offset, message }) => ({
    place: place(offset),
    path: [],
    message: `not valid YAML: ${message.replaceAll('\n', ' ')}`,
  }));
  const input = overrides.reduce<unknown>(
    (value, override) => withValue(value, override.path, override.value),
    fromFile ?? {},
  );
  return {
    input,
    problems,
    placeOf(path) {
      const setIt = overrides.findLast((one) => startsWith(path, one.path));
      if (setIt !== undefined) return setIt.flag;
      const { offset, isThere } = find(document.contents, path);
      // A key that only a flag's own path made.
      const madeIt = isThere ? undefined : overrides.findLast((one) => startsWith(one.path, path));
      return madeIt?.flag ?? (text === '' ? '' : place(offset));
    },
  };
}

interface YamlError {
  readonly offset: number;
  readonly message: string;
}

/** The document without YAML's own types; undefined when there are errors. */
function plainValue(document: Document.Parsed): { value: unknown; errors: readonly YamlError[] } {
  const errors = document.errors.map(({ pos, message }) => ({ offset: pos[0], message }));
  if (errors.length > 0) return { value: undefined, errors };
  try {
    return { value: document.toJS(), errors };
  } catch (error) {
    // An alias of nothing, or aliases of aliases that unfold without end; where, it does not say.
    const { message } = error as Error;
    return { value: undefined, errors: [{ offset: 0, message }] };
  }
}

function startsWith(path: KeyPath, prefix: KeyPath): boolean {
  return prefix.every((key, index) => key === path[index]);
}

/** A copy of `target` with `value` at `path`; what is in the way and holds no keys is replaced. */
function withValue(target: unknown, path: KeyPath, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(target) && typeof key === 'number') {
    const copy: unknown[] = [...target];
    copy[key] = withValue(copy[key], rest, value);
    return copy;
  }
  const record = isRecord(target) ? target : {};
  return { ...record, [key]: withValue(record[key], rest, value) };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where the key at `path` stands, or the last part of the path that is there. */
function find(root: Node | null, path: KeyPath): { offset: number; isThere: boolean } {
  let offset = root?.range?.[0] ?? 0;
  let node: unknown = root;
  for (const key of path) {
    const place = isMap(node) ? keyOf(node, key) : itemOf(node, key);
    if (place === undefined) return { offset, isThere: false };
    offset = place.at.range?.[0] ?? offset;
    node = place.value;
  }
  return { offset, isThere: true };
}

interface Place {
  readonly at: Node;
  readonly value: unknown;
}

function keyOf(map: YAMLMap, key: string | number): Place | undefined {
  const pair = map.items.find((item) => isScalar(item.key) && item.key.value === key);
  return pair && { at: pair.key as Node, value: pair.value };
}

function itemOf(node: unknown, index: string | number): Place | undefined {
  const item = isSeq(node) && typeof index === 'number' ? node.items[index] : undefined;
  return item === undefined ? undefined : { at: item as Node, value: item };
}
