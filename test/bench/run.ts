// Runs the benchmarks one after another, each in a process of its own so that one's heap is not
// another's. Words pick the files whose name contains any of them; options are passed on to each.
// The cores are kept awake meanwhile.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AWAKE_VARIABLE, keepAwake } from './support/awake.ts';

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('--'));
const picks = firstOption < 0 ? args : args.slice(0, firstOption);
const options = firstOption < 0 ? [] : args.slice(firstOption);
const files = readdirSync(here)
  .filter((name) => name.endsWith('.bench.js'))
  .filter((name) => picks.length === 0 || picks.some((pick) => name.includes(pick)))
  .sort();

if (files.length === 0) {
  console.error(`no benchmark matches ${picks.join(' ')}`);
  process.exitCode = 2;
}
const letSleep = keepAwake();
const env = letSleep === undefined ? process.env : { ...process.env, [AWAKE_VARIABLE]: '1' };
let isStopped = false;
for (const file of files) {
  if (isStopped) break;
  console.log(`\n# ${file.replace(/\.js$/, '.ts')}\n`);
  const child = spawn(process.execPath, ['--enable-source-maps', join(here, file), ...options], {
    stdio: 'inherit',
    env,
  });
  const stop = () => {
    isStopped = true;
    child.kill('SIGTERM');
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  const [code] = await once(child, 'exit');
  process.off('SIGTERM', stop).off('SIGINT', stop);
  if (code !== 0) process.exitCode = 1;
}
letSleep?.();
