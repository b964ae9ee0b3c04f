// The program as users run it: a process of its own, listened to, stopped or killed from outside.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../program/main.js', import.meta.url));

/** Arguments of a server that writes no points of its own. */
export const QUIET = ['--set', 'self_monitoring=false'];

export interface Finished {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface VarveProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** HOST:PORT */
  readonly grpc: string;
  /** http://HOST:PORT */
  readonly http: string;
  readonly dataDir: string;
  /** From spawn to the ready line. */
  readonly readyMs: number;
  /** Resolves with the first line of the log, from the start on, that `pattern` matches. */
  logged(pattern: RegExp): Promise<string>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Finished>;
}

/** Runs the program to its end. */
export async function runVarve(...args: string[]): Promise<Finished> {
  return finished(spawnVarve(args));
}

/** As `runVarve`, with `input` on stdin. */
export async function pipeVarve(input: string | Uint8Array, ...args: string[]): Promise<Finished> {
  const child = spawnVarve(args, 'pipe');
  // A program that has seen enough closes its end; what it says tells why.
  child.stdin!.on('error', () => {}).end(input);
  return finished(child);
}

/** Starts `varve serve` on free ports and a directory of its own, which goes when it stops. */
export async function serveVarve(...args: string[]): Promise<VarveProcess> {
  const dir = mkdtempSync(join(tmpdir(), 'varve-'));
  const varve = await startServer(join(dir, 'data'), ...args);
  return {
    ...varve,
    async stop(signal) {
      const outcome = await varve.stop(signal);
      rmSync(dir, { recursive: true, force: true });
      return outcome;
    },
  };
}

/** Starts `varve serve` on free ports and waits for its ready line; rejects if it ends before. */
export async function startServer(dataDir: string, ...args: string[]): Promise<VarveProcess> {
  const startMs = performance.now();
  const ports = ['--grpc', '127.0.0.1:0', '--http', '127.0.0.1:0'];
  const child = spawnVarve(['serve', '--data', dataDir, ...ports, ...args]);
  const end = finished(child);
  const log = new LineWatch(child.stderr!);
  const line = await Promise.race([
    new LineWatch(child.stdout!).first(/^varve ready /),
    end.then(({ code, stderr }) => Promise.reject(new Error(`varve ended, ${code}: ${stderr}`))),
  ]);
  const [, grpc, http] = /^varve ready grpc=(\S+) http=(\S+) data=/.exec(line)!;
  return {
    child,
    pid: child.pid!,
    grpc: grpc!,
    http: `http://${http}`,
    dataDir,
    readyMs: performance.now() - startMs,
    logged: (pattern) => log.first(pattern),
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return end;
    },
  };
}

/** As a user's shell would start it; it does not outlive this process. */
function spawnVarve(args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
  const child = spawn(PROGRAM, args, { stdio: [stdin, 'pipe', 'pipe'] });
  // Ahead of listeners that remove its directory.
  const kill = () => child.kill('SIGKILL');
  process.prependOnceListener('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

function finished(child: ChildProcess): Promise<Finished> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8');
      resolve({ code, stdout: text(stdout), stderr: text(stderr) });
    });
  });
}

class LineWatch {
  readonly #lines: string[] = [];
  #rest = '';
  #waiting: { pattern: RegExp; resolve: (line: string) => void }[] = [];

  constructor(stream: NodeJS.ReadableStream) {
    stream.on('data', (chunk: Buffer) => {
      const lines = (this.#rest + chunk.toString('utf8')).split('\n');
      this.#rest = lines.pop()!;
      for (const line of lines) this.#take(line);
    });
  }

  first(pattern: RegExp): Promise<string> {
    const known = this.#lines.find((line) => pattern.test(line));
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve) => this.#waiting.push({ pattern, resolve }));
  }

  #take(line: string): void {
    this.#lines.push(line);
    this.#waiting = this.#waiting.filter(({ pattern, resolve }) => {
      if (pattern.test(line)) resolve(line);
      return !pattern.test(line);
    });
  }
}
