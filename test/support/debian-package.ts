// Programs out of the distribution's packages, unpacked without being installed.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const DOWNLOAD_TIMEOUT_MS = 60_000;

/** Where the files of `name` lie, unpacked below `dir`; undefined when it cannot be had. */
export function unpackPackage(name: string, dir: string): string | undefined {
  const options = { cwd: dir, stdio: 'ignore', timeout: DOWNLOAD_TIMEOUT_MS } as const;
  spawnSync('apt-get', ['download', name], options);
  const archive = readdirSync(dir).find((file) => {
    return file.startsWith(`${name}_`) && file.endsWith('.deb');
  });
  if (archive === undefined) return undefined;
  const target = join(dir, `${name}-unpacked`);
  const { status } = spawnSync('dpkg', ['-x', archive, target], options);
  return status === 0 ? target : undefined;
}
