// Runs the test files and ends with one line: `N passed, N failed`. Those that start programs or
// take long have a process of their own; of the others, many share one, as most of what a small
// one costs is loading what it tests. Arguments pick the files whose path contains any of them.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROGRAMS_DIR } from './support/debian-package.ts';

const here = dirname(fileURLToPath(import.meta.url));
const FILES_RUNNER = join(here, 'run-files.js');
/** For the first file of a process, and for each further one: many times what they take alone. */
const FILE_TIMEOUTS_MS = [480_000, 20_000] as const;
/** How long a process may live on after its last test: what keeps it alive will go on to. */
const LINGER_MS = 30_000;

/**
 * By the beginning of their place, the first that fits: how many files share a process, and what
 * is begun first, as what takes long would otherwise run alone at the end.
 */
const SHARES: readonly { readonly start: string; readonly files: number }[] = [
  { start: 'crash/every-operation', files: 1 },
  { start: 'e2e/kill', files: 1 },
  { start: 'e2e/', files: 4 },
  { start: 'fuzz/', files: 1 },
  { start: 'crash/', files: 2 },
  { start: 'deploy/cli', files: 1 },
  { start: 'deploy/commands/', files: 4 },
  { start: 'deploy/dockerfile', files: 1 },
  { start: 'deploy/examples/', files: 4 },
  { start: 'retention/jobs/', files: 4 },
  { start: '', files: 16 },
];

interface Outcome {
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
  .sort();

const programs = mkdtempSync(join(tmpdir(), 'varve-programs-'));
const running = new Set<ChildProcess>();
process.on('exit', () => {
  running.forEach(killGroup);
  rmSync(programs, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const outcomes: Outcome[] = [];
const queue = shared(files);
await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));

const passed = sum((outcome) => outcome.passed);
const failed = sum((outcome) => outcome.failed);
const skipped = sum((outcome) => outcome.skipped);
if (files.length === 0) console.error(`no test file matches ${picks.join(' ')}`);
if (skipped > 0) console.log(`${skipped} skipped: what they need is not here`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

async function worker(): Promise<void> {
  for (let names = queue.shift(); names !== undefined; names = queue.shift()) {
    const outcome = await runFiles(names);
    outcomes.push(outcome);
    const verdict = outcome.failed > 0 ? 'FAIL' : 'ok';
    const of = [names[0]!, ...(names.length > 1 ? [names.at(-1)!] : [])].map(sourceOf).join(' to ');
    console.log(`${verdict.padEnd(4)} ${of} (${outcome.passed}, ${outcome.seconds.toFixed(1)} s)`);
    if (outcome.failed > 0) console.log(outcome.output);
  }
}

/** What runs in one process each, in the order of SHARES. */
function shared(names: readonly string[]): string[][] {
  return SHARES.flatMap((share) => {
    const mine = names.filter((name) => shareOf(name) === share);
    const processes = Math.ceil(mine.length / share.files);
    return Array.from({ length: processes }, (_, i) =>
      mine.slice(i * share.files, (i + 1) * share.files),
    );
  });
}

function shareOf(name: string) {
  return SHARES.find(({ start }) => name.startsWith(start));
}

function sourceOf(name: string): string {
  return name.replace(/\.js$/, '.ts');
}

/** A process that dies, hangs or reports no test at all counts as one failure. */
function runFiles(names: readonly string[]): Promise<Outcome> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', FILES_RUNNER, ...names], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, so that the programs it started end with it.
      detached: true,
      env: { ...process.env, [PROGRAMS_DIR]: programs, NO_COLOR: '1', FORCE_COLOR: '0' },
    });
    const chunks: Buffer[] = [];
    const stop = (why: string) => {
      chunks.push(Buffer.from(`\nstopped ${why}\n`));
      killGroup(child);
    };
    running.add(child);
    const [firstMs, furtherMs] = FILE_TIMEOUTS_MS;
    const timeoutMs = firstMs + (names.length - 1) * furtherMs;
    let timer = setTimeout(stop, timeoutMs, `after ${timeoutMs / 1000} s`);
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
      running.delete(child);
      const output = Buffer.concat(chunks).toString('utf8');
      const total = lastCount(output, 'Total');
      const ok = lastCount(output, 'Passed');
      const skips = lastCount(output, 'Skipped');
      // uvu's total leaves out what was skipped.
      const wrong = total - ok;
      const failed = wrong > 0 ? wrong : code !== 0 || total + skips === 0 ? 1 : 0;
      resolve({
        passed: ok,
        failed,
        skipped: skips,
        seconds: (performance.now() - startMs) / 1000,
        output,
      });
    });
  });
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The figure behind uvu's last `label:` line. */
function lastCount(output: string, label: string): number {
  const found = [...output.matchAll(new RegExp(`^\\s*${label}:\\s+(\\d+)`, 'gm'))].at(-1);
  return Number(found?.[1] ?? 0);
}

function sum(figure: (outcome: Outcome) => number): number {
  return outcomes.reduce((total, outcome) => total + figure(outcome), 0);
}
