// A varve server as users run it: a process of its own, stopped or killed from outside.

import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = join(dirname(fileURLToPath(import.meta.url)), '../../deploy/main.js');

export interface ServerProcess {
  readonly grpc: string;
  readonly http: string;
  readonly pid: number;
  /** From spawn to the ready line. */
  readonly readyMs: number;
  /** What it has logged so far. */
  log(): string;
  /** Sends the signal and resolves with the exit code, or null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `varve serve` on free ports and resolves at its ready line; rejects if it ends before. */
export function startServer(
  dataDir: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<ServerProcess> {
  const startMs = performance.now();
  const child = spawn(
    program,
    [
      ...['serve', '--data', dataDir, '--grpc', '127.0.0.1:0', '--http', '127.0.0.1:0'],
      ...['--set', 'self_monitoring=false', ...args],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } },
  );
  // Ahead of the listener that removes its directory.
  const kill = () => child.kill('SIGKILL');
  process.prependOnceListener('exit', kill);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  void exited.then(() => process.off('exit', kill));
  const log: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => log.push(chunk.toString('utf8')));

  return new Promise((resolve, reject) => {
    void exited.then((code) => {
      reject(new Error(`varve ended with ${code} before it was ready:\n${log.join('')}`));
    });
    createInterface({ input: child.stdout }).once('line', (line) => {
      const ready = /^varve ready grpc=(\S+) http=(\S+) data=/.exec(line);
      if (ready === null) {
        child.kill('SIGKILL');
        return reject(new Error(`not a ready line: ${line}`));
      }
      resolve({
        grpc: ready[1]!,
        http: ready[2]!,
        pid: pidOf(child),
        readyMs: performance.now() - startMs,
        log: () => log.join(''),
        end(signal) {
          child.kill(signal);
          return exited;
        },
      });
    });
  });
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('varve could not be spawned');
  return child.pid;
}
