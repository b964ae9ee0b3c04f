// Worked examples in the format documents, so that tests decode what readers see.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository: compiled tests lie in dist/test/support. */
const ROOT = join(import.meta.dirname, '../../..');

/** The bytes of the first ```hex block of a document of storage/docs/format; # begins a comment. */
export function hexExample(document: string): Uint8Array {
  const block = textExample(document, 'hex');
  return Buffer.from(block.replace(/#.*$/gm, '').replace(/\s/g, ''), 'hex');
}

/** The first block of that language, as it stands. */
export function textExample(document: string, language: string): string {
  const text = readFileSync(join(ROOT, 'storage/docs/format', document), 'utf8');
  const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(text)?.[1];
  if (block === undefined) throw new Error(`${document} has no ${language} example`);
  return block;
}
