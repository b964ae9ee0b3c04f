// Programs that tests compare varve with: those on PATH, or out of the distribution's package,
// unpacked without being installed.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

const DOWNLOAD_TIMEOUT_MS = 60_000;
/** Where the test files of one run share what any of them has unpacked. */
export const PROGRAMS_DIR = 'TEST_PROGRAMS_DIR';

/** Their paths; undefined when neither PATH nor the archive has them. May unpack into `dir`. */
export function findPrograms<Name extends string>(
  packageName: string,
  names: readonly Name[],
  dir: string,
): Readonly<Record<Name, string>> | undefined {
  const runs = (program: string) => spawnSync(program, ['--version']).status === 0;
  if (names.every(runs)) return pathsOf(names, (name) => name);
  const unpacked = join(process.env[PROGRAMS_DIR] ?? dir, `${packageName}.unpacked`);
  if (!existsSync(unpacked)) unpack(packageName, dir, unpacked);
  const paths = pathsOf(names, (name) => join(unpacked, 'usr/bin', name));
  return names.every((name) => runs(paths[name])) ? paths : undefined;
}

function unpack(packageName: string, dir: string, target: string): void {
  const options = { cwd: dir, stdio: 'ignore', timeout: DOWNLOAD_TIMEOUT_MS } as const;
  spawnSync('apt-get', ['download', packageName], options);
  const archive = readdirSync(dir).find((file) => file.startsWith(`${packageName}_`));
  if (archive === undefined) return;
  const part = join(dir, `${packageName}.part`);
  spawnSync('dpkg', ['-x', archive, part], options);
  try {
    renameSync(part, target);
  } catch (error) {
    // Another test file was faster.
    if (!existsSync(target)) throw error;
  }
}

function pathsOf<Name extends string>(names: readonly Name[], pathOf: (name: Name) => string) {
  return Object.fromEntries(names.map((name) => [name, pathOf(name)])) as Record<Name, string>;
}
