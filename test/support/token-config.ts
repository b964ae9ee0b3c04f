import { createHash } from 'node:crypto';

/** A config with tokens: their names and the rest of their entries; secrets are `secret-NAME`. */
export function tokenConfig(tokens: Readonly<Record<string, string>>): string {
  const lines = Object.entries(tokens).map(([name, rest]) => {
    const hash = createHash('sha256').update(`secret-${name}`).digest('hex');
    return `    - {name: ${name}, token_sha256: ${hash}, ${rest}}`;
  });
  return `auth:\n  tokens:\n${lines.join('\n')}\n`;
}
