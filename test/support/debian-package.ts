// Programs that tests compare varve with: those on PATH, or out of the distribution's package,
// unpacked without being installed.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const DOWNLOAD_TIMEOUT_MS = 60_000;

/** Their paths; undefined when neither PATH nor the archive has them. Unpacks into `dir`. */
export function findPrograms<Name extends string>(
  packageName: string,
  names: readonly Name[],
  dir: string,
): Readonly<Record<Name, string>> | undefined {
  const runs = (program: string) => spawnSync(program, ['--version']).status === 0;
  if (names.every(runs)) return pathsOf(names, (name) => name);
  const options = { cwd: dir, stdio: 'ignore', timeout: DOWNLOAD_TIMEOUT_MS } as const;
  spawnSync('apt-get', ['download', packageName], options);
  const archive = readdirSync(dir).find((file) => file.startsWith(`${packageName}_`));
  if (archive === undefined) return undefined;
  spawnSync('dpkg', ['-x', archive, 'unpacked'], options);
  const paths = pathsOf(names, (name) => join(dir, 'unpacked/usr/bin', name));
  return names.every((name) => runs(paths[name])) ? paths : undefined;
}

function pathsOf<Name extends string>(names: readonly Name[], pathOf: (name: Name) => string) {
  return Object.fromEntries(names.map((name) => [name, pathOf(name)])) as Record<Name, string>;
}
