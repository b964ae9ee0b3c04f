// A VictoriaMetrics to compare with: on PATH, or out of the distribution's package.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findPrograms } from './debian-package.ts';
import { freePort } from './free-port.ts';

export interface VictoriaMetrics {
  readonly pid: number;
  /** http://HOST:PORT */
  readonly http: string;
  end(): Promise<void>;
}

const POLL_MS = 50;

/** Undefined when there is none to be had. Its data goes to `dir`, and what is unpacked. */
export async function startVictoriaMetrics(dir: string): Promise<VictoriaMetrics | undefined> {
  const programs = findPrograms('victoria-metrics', ['victoria-metrics'], dir);
  if (programs === undefined) return undefined;
  const port = await freePort();
  const args = [
    `-storageDataPath=${join(dir, 'data')}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-retentionPeriod=100y',
  ];
  const child = spawn(programs['victoria-metrics'], args, { stdio: 'ignore' });
  const kill = () => child.kill('SIGKILL');
  process.prependOnceListener('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  const http = `http://127.0.0.1:${port}`;
  const isUp = () =>
    fetch(`${http}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) await delay(POLL_MS);
  return {
    pid: child.pid!,
    http,
    async end() {
      kill();
      await once(child, 'exit');
    },
  };
}
