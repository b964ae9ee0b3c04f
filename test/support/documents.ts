// Worked examples in the format documents, so that tests decode what readers see.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository: compiled tests lie in dist/test/support. */
const ROOT = join(import.meta.dirname, '../../..');

/** `path` is from the top of the repository. */
export function documentText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** What is in the first block of a document that is said to be in `language`. */
export function example(path: string, language: string): string {
  const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(documentText(path))?.[1];
  if (block === undefined) throw new Error(`${path} has no example in ${language}`);
  return block;
}

/** The bytes of the first ```hex block of a document of storage/docs/format; # begins a comment. */
export function hexExample(document: string): Uint8Array {
  const block = example(`storage/docs/format/${document}`, 'hex');
  return Buffer.from(block.replace(/#.*$/gm, '').replace(/\s/g, ''), 'hex');
}
