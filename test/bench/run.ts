// Runs the benchmarks one after another, each in a process of its own so that one's heap is not
// another's. Arguments pick the files whose name contains any of them.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const picks = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => name.endsWith('.bench.js'))
  .filter((name) => picks.length === 0 || picks.some((pick) => name.includes(pick)))
  .sort();

if (files.length === 0) {
  console.error(`no benchmark matches ${picks.join(' ')}`);
  process.exitCode = 2;
}
for (const file of files) {
  console.log(`\n# ${file.replace(/\.js$/, '.ts')}`);
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', join(here, file)], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
