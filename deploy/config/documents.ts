// What people read about the config, made from its schema: the reference and the example file.

import { stringify } from 'yaml';
import { type KeyReference, keyReferences } from './reference.ts';

/** Paths in the repository. */
export const CONFIG_REFERENCE = 'deploy/CONFIG.md';
export const CONFIG_EXAMPLE = 'deploy/examples/varve.yaml';

const COLUMNS = 100;

/** Both documents by their paths. */
export function configDocuments(): ReadonlyMap<string, string> {
  const keys = keyReferences();
  return new Map([
    [CONFIG_REFERENCE, referenceText(keys)],
    [CONFIG_EXAMPLE, exampleText(keys)],
  ]);
}

function referenceText(keys: readonly KeyReference[]): string {
  return `# The config

Made by \`make docs\` from the schema (\`deploy/config/schema.ts\`); not edited by hand.

YAML; every key may be left out. \`varve config check FILE\` names every mistake with its line. A
flag beats \`--set KEY=VALUE\`, which beats the file, which beats the default. Durations are written
as \`90s\`, \`2h\`, \`1h30m\`, \`30d\`; sizes as \`64MiB\`, \`1GiB\`. With _reload_, SIGHUP or
\`POST /-/reload\` takes a changed key over; the others wait for a restart. All keys in a file:
[varve.yaml](examples/varve.yaml).

${table(keys)}
`;
}

function table(keys: readonly KeyReference[]): string {
  const head = ['key', 'what it does', 'what may stand there', 'default', 'taken over by'];
  const rows = keys.map(({ key, description, type, fallback, isLive }) => [
    `\`${key}\``,
    description,
    type,
    fallback === undefined ? 'none: required' : `\`${flow(fallback)}\``,
    isLive ? 'reload' : 'restart',
  ]);
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

const EXAMPLE_HEAD =
  "Every key of varve's config with its default. All are commented: take the comment off where " +
  'you want something else, then `varve config check varve.yaml`. Durations: 90s, 2h, 30d, ' +
  '1h30m. Sizes: 64MiB, 1GiB. The same keys on the command line: `--set storage.wal.sync=os`. ' +
  'Made by `make docs`.';

function exampleText(keys: readonly KeyReference[]): string {
  const lines = comment(EXAMPLE_HEAD, '');
  let open: readonly string[] = [];
  for (const reference of keys.filter(({ key }) => !key.includes('[]'))) {
    const sections = reference.key.split('.').slice(0, -1);
    if (sections[0] !== open[0] || sections.length === 0) lines.push('');
    const shared = sections.findIndex((name, level) => name !== open[level]);
    sections.forEach((name, level) => {
      if (shared !== -1 && level >= shared) lines.push(`${indent(level)}${name}:`);
    });
    open = sections;
    lines.push(...exampleKey(reference, keys, indent(sections.length)));
  }
  return `${lines.join('\n')}\n`;
}

function exampleKey(
  { key, description, choices, fallback }: KeyReference,
  keys: readonly KeyReference[],
  margin: string,
): string[] {
  const name = key.split('.').at(-1)!;
  const items = keys.filter((other) => other.key.startsWith(`${key}[].`));
  const about = choices === undefined ? description : `${description} One of: ${choices}.`;
  const parts = items.map((item) => `- ${item.key.split('.').at(-1)}: ${item.description}`);
  const lines = [about, ...parts].flatMap((text) => comment(text, margin));
  if (!Array.isArray(fallback) || items.length === 0 || fallback.length === 0) {
    return [...lines, `${margin}# ${name}: ${flow(fallback)}`];
  }
  return [...lines, `${margin}# ${name}:`, ...fallback.map((item) => `${margin}# - ${flow(item)}`)];
}

function indent(level: number): string {
  return '  '.repeat(level);
}

/** YAML on one line. */
function flow(value: unknown): string {
  const style = {
    collectionStyle: 'flow',
    flowCollectionPadding: false,
    singleQuote: true,
  } as const;
  return stringify(value, { ...style, lineWidth: 0 }).trim();
}

/** `text` without its marks, broken into lines of comments. */
function comment(text: string, margin: string): string[] {
  const lines: string[] = [];
  let line = `${margin}#`;
  for (const word of text.replaceAll('`', '').split(' ')) {
    if (line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = `${margin}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
