// Prometheus and promtool: those on PATH, or unpacked from the distribution's package without
// installing it; and a server of the one, filled with an exposition by the other.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { unpackPackage } from './debian-package.ts';

export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/** Undefined when neither PATH nor the package archive has them. Unpacks into `dir`. */
export function findPrometheus(dir: string): PrometheusPrograms | undefined {
  const onPath = { prometheus: 'prometheus', promtool: 'promtool' };
  if (runs(onPath)) return onPath;
  const unpacked = unpackPackage('prometheus', dir);
  if (unpacked === undefined) return undefined;
  const bin = join(unpacked, 'usr/bin');
  const programs = { prometheus: join(bin, 'prometheus'), promtool: join(bin, 'promtool') };
  return runs(programs) ? programs : undefined;
}

function runs({ prometheus, promtool }: PrometheusPrograms): boolean {
  const works = (program: string) => spawnSync(program, ['--version']).status === 0;
  return works(prometheus) && works(promtool);
}

export interface PrometheusServer {
  /** HOST:PORT. */
  readonly http: string;
  readonly pid: number;
  end(): Promise<void>;
}

/**
 * Starts a server on a free port that has the points of an OpenMetrics exposition, which comes in
 * pieces: it may be longer than a string can be.
 */
export async function startPrometheus(
  { prometheus, promtool }: PrometheusPrograms,
  dir: string,
  exposition: Iterable<string>,
): Promise<PrometheusServer> {
  const [points, config, data] = [
    join(dir, 'points.om'),
    join(dir, 'empty.yml'),
    join(dir, 'tsdb'),
  ];
  writeLines(points, exposition);
  writeLines(config, []);
  execFileSync(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', points, data]);
  const child = spawn(
    prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      '--web.listen-address=127.0.0.1:0',
      '--log.level=info',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const log: string[] = [];
  let http = '';
  for await (const line of createInterface({ input: child.stderr })) {
    log.push(line);
    http = /Listening on".* address=(\S+)/.exec(line)?.[1] ?? http;
    if (/Server is ready/.test(line)) break;
  }
  child.stderr.resume();
  if (http === '') throw new Error(`Prometheus did not start:\n${log.join('\n')}`);
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

function writeLines(path: string, pieces: Iterable<string>): void {
  const file = openSync(path, 'w');
  try {
    for (const piece of pieces) writeSync(file, piece);
  } finally {
    closeSync(file);
  }
}
