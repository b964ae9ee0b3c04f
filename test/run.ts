// Runs the test files, each in a process of its own, a few at a time, and ends with one line:
// `N passed, N failed`. Arguments pick the files whose path contains any of them.

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const FILE_TIMEOUT_MS = 240_000;
/** How long a file may live on after its last test: something keeps it alive, and will go on to. */
const LINGER_MS = 30_000;
/** Beginnings of the files that take longest, longest first: started late, one would run alone. */
const LONGEST = [
  'crash/every-operation',
  'e2e/kill',
  'e2e/',
  'deploy/',
  'crash/',
  'fuzz/',
  'retention/',
];

interface Outcome {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly output: string;
}

const picks = process.argv.slice(2);
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => picks.length === 0 || picks.some((pick) => name.includes(pick)))
  .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));

const outcomes: Outcome[] = [];
const queue = files.map((name) => join(here, name));
await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));

const passed = sum((outcome) => outcome.passed);
const failed = sum((outcome) => outcome.failed);
const skipped = sum((outcome) => outcome.skipped);
if (files.length === 0) console.error(`no test file matches ${picks.join(' ')}`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

async function worker(): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const outcome = await runFile(file);
    outcomes.push(outcome);
    const verdict = outcome.failed > 0 ? 'FAIL' : 'ok';
    console.log(
      `${verdict.padEnd(4)} ${outcome.file} (${outcome.passed}, ${outcome.seconds.toFixed(1)} s)`,
    );
    if (outcome.failed > 0) console.log(outcome.output);
  }
}

function rank(file: string): number {
  const found = LONGEST.findIndex((start) => file.startsWith(start));
  return found === -1 ? LONGEST.length : found;
}

/** A file that dies, hangs or reports no test at all counts as one failure. */
function runFile(file: string): Promise<Outcome> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    });
    const chunks: Buffer[] = [];
    const stop = (why: string) => {
      chunks.push(Buffer.from(`\nstopped ${why}\n`));
      child.kill('SIGKILL');
    };
    let timer = setTimeout(stop, FILE_TIMEOUT_MS, `after ${FILE_TIMEOUT_MS / 1000} s`);
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      // The last line of uvu's summary.
      if (!/^ *Duration:/m.test(chunk.toString('utf8'))) return;
      clearTimeout(timer);
      timer = setTimeout(stop, LINGER_MS, `${LINGER_MS / 1000} s after its last test`);
    });
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', (code) => {
      clearTimeout(timer);
      const output = Buffer.concat(chunks).toString('utf8');
      const total = lastCount(output, 'Total');
      const ok = lastCount(output, 'Passed');
      const skips = lastCount(output, 'Skipped');
      // uvu's total leaves out what was skipped.
      const wrong = total - ok;
      const failed = wrong > 0 ? wrong : code !== 0 || total + skips === 0 ? 1 : 0;
      resolve({
        file: relative(here, file).replace(/\.js$/, '.ts'),
        passed: ok,
        failed,
        skipped: skips,
        seconds: (performance.now() - startMs) / 1000,
        output,
      });
    });
  });
}

/** The figure behind uvu's last `label:` line. */
function lastCount(output: string, label: string): number {
  const found = [...output.matchAll(new RegExp(`^\\s*${label}:\\s+(\\d+)`, 'gm'))].at(-1);
  return Number(found?.[1] ?? 0);
}

function sum(figure: (outcome: Outcome) => number): number {
  return outcomes.reduce((total, outcome) => total + figure(outcome), 0);
}
