// VictoriaMetrics to compare with: Debian's package, started on a free port and an own directory.

import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { tempDir } from '../../support/temp-dir.ts';

export interface VictoriaMetrics {
  /** With its version, if that is known. */
  readonly name: string;
  readonly pid: number;
  /** http://HOST:PORT */
  readonly http: string;
  stop(): Promise<void>;
}

const READY_TRIES = 200;

/**
 * Starts the program that VICTORIA_METRICS names, or else fetches the package, without installing
 * it. Undefined where neither works: then there is nothing to compare with.
 */
export async function startVictoriaMetrics(
  args: readonly string[] = [],
): Promise<VictoriaMetrics | undefined> {
  const given = process.env['VICTORIA_METRICS'];
  const found = given === undefined ? await fetched() : { program: given, name: 'VictoriaMetrics' };
  if (found === undefined) return undefined;
  const port = await freePort();
  const http = `http://127.0.0.1:${port}`;
  const data = join(await tempDir(), 'victoria');
  const own = [`-storageDataPath=${data}`, `-httpListenAddr=127.0.0.1:${port}`];
  const child = spawn(found.program, [...own, ...args], { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const kill = () => child.kill('SIGKILL');
  process.prependOnceListener('exit', kill);
  for (let left = READY_TRIES; ; left--) {
    const answer = await fetch(`${http}/health`).catch(() => undefined);
    if (answer?.ok) break;
    if (left === 0) throw new Error('VictoriaMetrics does not get ready');
    await wait(50);
  }
  return {
    name: found.name,
    pid: child.pid!,
    http,
    async stop() {
      process.off('exit', kill);
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function fetched(): Promise<{ program: string; name: string } | undefined> {
  const cwd = await tempDir();
  // The user that apt downloads as writes here.
  chmodSync(cwd, 0o755);
  try {
    execFileSync('apt-get', ['download', 'victoria-metrics'], { cwd, stdio: 'ignore' });
    const file = readdirSync(cwd).find((name) => name.endsWith('.deb'))!;
    execFileSync('dpkg', ['-x', file, '.'], { cwd, stdio: 'ignore' });
    const version = /_(\d+\.\d+\.\d+)/.exec(file)?.[1] ?? '';
    const program = join(cwd, 'usr/bin/victoria-metrics');
    return existsSync(program) ? { program, name: `VictoriaMetrics ${version}` } : undefined;
  } catch {
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
