// What of the checkout (or the installed package) is read at run time.

import { readFileSync } from 'node:fs';

/** The path of a file by its name in the checkout; this module runs from dist/deploy/. */
export function projectFile(name: string): URL {
  return new URL(`../../${name}`, import.meta.url);
}

/** The version in package.json. */
export function readVersion(): string {
  const text = readFileSync(projectFile('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
