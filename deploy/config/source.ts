// Where a config comes from: a YAML text and overrides from flags, merged into one plain value that
// still knows the place of each key.

import { isMap, isPair, isScalar, LineCounter, type Node, parse, parseDocument } from 'yaml';
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
  const problems = document.errors.map((error) => ({
    place: place(error.pos[0]),
    path: [],
    message: `not valid YAML: ${error.message.replaceAll('\n', ' ')}`,
  }));
  const fromFile: unknown = problems.length > 0 ? undefined : document.toJS();
  const input = overrides.reduce<unknown>(
    (value, override) => withValue(value, override.path, override.value),
    fromFile ?? {},
  );
  return {
    input,
    problems,
    placeOf(path) {
      const override = overrides.findLast((one) => one.path.every((key, i) => key === path[i]));
      return override?.flag ?? (text === '' ? '' : place(offsetOf(document.contents, path)));
    },
  };
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

/** Offset of the key at `path`; where the path leaves the document, of the last part that is there. */
function offsetOf(root: Node | null, path: KeyPath): number {
  let offset = root?.range?.[0] ?? 0;
  let node: unknown = root;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && item.key.value === key,
      );
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else {
      const items: unknown = (node as { items?: unknown } | null)?.items;
      const item: unknown =
        Array.isArray(items) && typeof key === 'number' ? items[key] : undefined;
      if (item === undefined) return offset;
      offset = (item as Node).range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}
