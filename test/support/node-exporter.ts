// A node_exporter: on PATH, or out of the distribution's package.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { findPrograms } from './debian-package.ts';

const NAME = 'prometheus-node-exporter';

export interface NodeExporter {
  /** HOST:PORT */
  readonly http: string;
  end(): Promise<void>;
}

/** Its path; undefined when there is none to be had. Unpacks into `dir`. */
export function findNodeExporter(dir: string): string | undefined {
  return findPrograms(NAME, [NAME], dir)?.[NAME];
}

/** Starts it on a free port; rejects when it ends before it listens. */
export async function startNodeExporter(program: string): Promise<NodeExporter> {
  const args = ['--web.listen-address=127.0.0.1:0'];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.prependOnceListener('exit', kill);
  const exited = once(child, 'exit').then(() => process.off('exit', kill));
  const log = createInterface({ input: child.stderr });
  for await (const line of log) {
    const [, http] = /msg="Listening on" address=(\S+)/.exec(line) ?? [];
    if (http === undefined) continue;
    child.stderr.resume();
    return {
      http,
      async end() {
        kill();
        await exited;
      },
    };
  }
  throw new Error('the node_exporter ended before it listened');
}
