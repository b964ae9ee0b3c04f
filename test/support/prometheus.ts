// Prometheus and promtool, and servers of the one: filled with an exposition by the other, or on a
// config of the test's own.

import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findPrograms } from './debian-package.ts';

export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/** Undefined when neither PATH nor the package archive has them. Unpacks into `dir`. */
export function findPrometheus(dir: string): PrometheusPrograms | undefined {
  return findPrograms('prometheus', ['prometheus', 'promtool'], dir);
}

export interface PrometheusServer {
  /** HOST:PORT. */
  readonly http: string;
  readonly pid: number;
  end(): Promise<void>;
}

/**
 * Starts a server on a free port that has the points of an OpenMetrics exposition, which may come
 * in pieces: it may be longer than a string can be.
 */
export async function startPrometheus(
  programs: PrometheusPrograms,
  dir: string,
  exposition: string | Iterable<string>,
): Promise<PrometheusServer> {
  const points = join(dir, 'points.om');
  const data = join(dir, 'tsdb');
  await writeFile(points, exposition);
  const create = ['tsdb', 'create-blocks-from', 'openmetrics', points, data];
  execFileSync(programs.promtool, create);
  return runPrometheus(programs, { name: 'tsdb', dir, config: '' });
}

export interface PrometheusOptions {
  /** Of its data and its config in `dir`. */
  readonly name: string;
  readonly dir: string;
  /** YAML. */
  readonly config: string;
  /** Default: a free one. */
  readonly port?: number;
  readonly flags?: readonly string[];
}

/** Resolves when it is ready. */
export async function runPrometheus(
  { prometheus }: PrometheusPrograms,
  { name, dir, config, port = 0, flags = [] }: PrometheusOptions,
): Promise<PrometheusServer> {
  const configFile = join(dir, `${name}.yml`);
  writeFileSync(configFile, config);
  const child = spawn(
    prometheus,
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(dir, name)}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=info',
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const log: string[] = [];
  let http = '';
  let isReady = false;
  for await (const line of createInterface({ input: child.stderr })) {
    log.push(line);
    http = /Listening on".* address=(\S+)/.exec(line)?.[1] ?? http;
    isReady ||= /Server is ready/.test(line);
    // The two lines come in either order.
    if (isReady && http !== '') break;
  }
  child.stderr.resume();
  if (!isReady || http === '') throw new Error(`Prometheus did not start:\n${log.join('\n')}`);
  return {
    http,
    pid: child.pid!,
    async end() {
      kill();
      await exited;
      process.removeListener('exit', kill);
    },
  };
}
