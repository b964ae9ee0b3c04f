// What the rules of the house look at: the repository as paths and text, so that a rule is a pure
// function and can be shown a bad example.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RepoFile {
  /** From the top of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Each violation is one line: where, what, and how to mend it. */
export type Rule = (files: readonly RepoFile[]) => string[];

export interface Import {
  readonly line: number;
  readonly specifier: string;
}

/** Never committed, or other people's. */
const SKIPPED = new Set(['.git', 'node_modules', 'dist', 'data', 'test/bench/results']);

/** Every text file below `root` that is, or could be, committed. */
export function readRepo(root: string): RepoFile[] {
  const files: RepoFile[] = [];
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (SKIPPED.has(path) || path.endsWith('.tmp')) continue;
      if (entry.isDirectory()) {
        visit(path);
      } else if (entry.isFile()) {
        const text = readFileSync(join(root, path), 'utf8');
        if (!text.includes('\0')) files.push({ path, text });
      }
    }
  };
  visit('');
  return files;
}

/** What people write, as against what tools do. */
export function written(files: readonly RepoFile[]): RepoFile[] {
  return files.filter(({ path }) => !path.startsWith('proto/gen/') && path !== 'package-lock.json');
}

export function sources(files: readonly RepoFile[]): RepoFile[] {
  return written(files).filter(({ path }) => path.endsWith('.ts'));
}

export function tests(files: readonly RepoFile[]): RepoFile[] {
  return files.filter(({ path }) => path.endsWith('.test.ts'));
}

/**
 * Static imports and re-exports begin a line, since the formatter puts them there; a dynamic import
 * and the URL of a worker count when their argument is a literal.
 */
export function importsOf({ text }: RepoFile): Import[] {
  const forms = [
    /^(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'/gm,
    /^import\s+'([^']+)'/gm,
    /\bimport\('([^']+)'\)/g,
    /\bnew URL\('([^']+)', import\.meta\.url\)/g,
  ];
  return forms.flatMap((form) =>
    [...text.matchAll(form)].map((match) => ({
      line: lineAt(text, match.index),
      specifier: match[1]!,
    })),
  );
}

/** `specifier` as a path from the top of the repository; undefined for packages and `node:`. */
export function resolveImport(from: RepoFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const parts = from.path.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** The same text with comments blanked out, line for line; strings stay. */
export function withoutComments(text: string): string {
  const stringOrComment =
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/.*|\/\*[\s\S]*?\*\//g;
  return text.replace(stringOrComment, (found) =>
    found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found,
  );
}

/** Lines of `text` that match, with their numbers from 1. */
export function matchingLines(
  text: string,
  pattern: RegExp,
): { readonly line: number; readonly found: string }[] {
  return text.split('\n').flatMap((content, i) => {
    const found = pattern.exec(content)?.[0];
    return found === undefined ? [] : [{ line: i + 1, found }];
  });
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
