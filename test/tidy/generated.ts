// proto/gen is what buf makes of the .proto files, to the byte.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RepoFile, readRepo } from './file.ts';

const MEND = 'run make proto and commit what it writes';

/** Generates into a folder of its own; nothing in the repository is touched. */
export function generateProto(root: string): RepoFile[] {
  const folder = mkdtempSync(join(tmpdir(), 'varve-tidy-'));
  try {
    const buf = join(root, 'node_modules/.bin/buf');
    const args = ['generate', 'proto', '--template', 'proto/buf.gen.yaml', '--output', folder];
    execFileSync(buf, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    return readRepo(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function staleGeneratedFiles(
  files: readonly RepoFile[],
  generated: readonly RepoFile[],
): string[] {
  const committed = new Map(
    files.filter(({ path }) => path.startsWith('proto/gen/')).map(({ path, text }) => [path, text]),
  );
  const differing = generated
    .filter(({ path, text }) => committed.get(path) !== text)
    .map(({ path }) => `${path}: is not what the .proto files say; ${MEND}`);
  const fresh = new Set(generated.map(({ path }) => path));
  const orphaned = [...committed.keys()]
    .filter((path) => !fresh.has(path))
    .map((path) => `${path}: comes from no .proto file; ${MEND}`);
  return [...differing, ...orphaned];
}
