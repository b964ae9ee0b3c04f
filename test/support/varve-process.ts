// The program as a child process: started, listened to, stopped.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../deploy/main.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface VarveProcess {
  readonly child: ChildProcess;
  readonly grpc: string;
  /** http://HOST:PORT */
  readonly http: string;
  readonly dataDir: string;
  /** Resolves with the first line of the log, from the start on, that `pattern` matches. */
  logged(pattern: RegExp): Promise<string>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Finished>;
}

/** Runs the program to its end. */
export async function runVarve(...args: string[]): Promise<Finished> {
  return finished(spawnVarve(args));
}

/** Starts `varve serve` on free ports and an own directory, and waits for its ready line. */
export async function serveVarve(...args: string[]): Promise<VarveProcess> {
  const dir = mkdtempSync(join(tmpdir(), 'varve-'));
  const dataDir = join(dir, 'data');
  const ports = ['--grpc', '127.0.0.1:0', '--http', '127.0.0.1:0'];
  const child = spawnVarve(['serve', '--data', dataDir, ...ports, ...args]);
  const end = finished(child);
  const log = new LineWatch(child.stderr!);
  const ready = new LineWatch(child.stdout!).first(/^varve ready /);
  const line = await Promise.race([
    ready,
    end.then(({ stderr }) => Promise.reject(new Error(`varve ended: ${stderr}`))),
  ]);
  const [, grpc, http] = /^varve ready grpc=(\S+) http=(\S+) data=/.exec(line)!;
  return {
    child,
    grpc: grpc!,
    http: `http://${http}`,
    dataDir,
    logged: (pattern) => log.first(pattern),
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const outcome = await end;
      rmSync(dir, { recursive: true, force: true });
      return outcome;
    },
  };
}

function spawnVarve(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
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
