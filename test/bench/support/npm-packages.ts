// Packages that only a benchmark compares with. They are not dependencies: one of them compiles for
// minutes, which nobody who builds varve should wait for. They are installed once, from the npm
// registry alone, into a directory below the temporary one.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DIR = join(tmpdir(), 'varve-bench-packages');

/** Compiled here: else its installation would download a binary from outside the registry. */
const FROM_SOURCE = 'better-sqlite3';

/** A `require` that finds `packages`, by name and version. The first time may take minutes. */
export function requireInstalled(packages: Readonly<Record<string, string>>): NodeJS.Require {
  const require = createRequire(join(DIR, 'package.json'));
  const isThere = ([name, version]: [string, string]) => {
    try {
      return require(join(DIR, 'node_modules', name, 'package.json')).version === version;
    } catch {
      return false;
    }
  };
  if (Object.entries(packages).every(isThere)) return require;
  console.error(`installing ${Object.keys(packages).join(', ')} into ${DIR}`);
  mkdirSync(DIR, { recursive: true });
  writeFileSync(join(DIR, 'package.json'), JSON.stringify({ private: true }));
  const specs = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  execFileSync('npm', ['install', '--no-audit', '--no-fund', ...specs], {
    cwd: DIR,
    stdio: 'ignore',
    env: { ...process.env, npm_config_build_from_source: FROM_SOURCE },
  });
  return require;
}
