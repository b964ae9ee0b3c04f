// Prometheus and promtool: those on PATH, or unpacked from the distribution's package without
// installing it; and a server of the one, filled with an exposition by the other.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

const DOWNLOAD_TIMEOUT_MS = 60_000;

/** Undefined when neither PATH nor the package archive has them. Unpacks into `dir`. */
export function findPrometheus(dir: string): PrometheusPrograms | undefined {
  const onPath = { prometheus: 'prometheus', promtool: 'promtool' };
  if (runs(onPath)) return onPath;
  const options = { cwd: dir, stdio: 'ignore', timeout: DOWNLOAD_TIMEOUT_MS } as const;
  spawnSync('apt-get', ['download', 'prometheus'], options);
  const archive = readdirSync(dir).find((name) => /^prometheus_.*\.deb$/.test(name));
  if (archive === undefined) return undefined;
  spawnSync('dpkg', ['-x', archive, 'unpacked'], options);
  const bin = join(dir, 'unpacked/usr/bin');
  const unpacked = { prometheus: join(bin, 'prometheus'), promtool: join(bin, 'promtool') };
  return runs(unpacked) ? unpacked : undefined;
}

function runs({ prometheus, promtool }: PrometheusPrograms): boolean {
  const works = (program: string) => spawnSync(program, ['--version']).status === 0;
  return works(prometheus) && works(promtool);
}

export interface PrometheusServer {
  /** HOST:PORT. */
  readonly http: string;
  end(): Promise<void>;
}

/** Starts a server on a free port that has the points of an OpenMetrics exposition. */
export async function startPrometheus(
  { prometheus, promtool }: PrometheusPrograms,
  dir: string,
  exposition: string,
): Promise<PrometheusServer> {
  const [points, config, data] = [
    join(dir, 'points.om'),
    join(dir, 'empty.yml'),
    join(dir, 'tsdb'),
  ];
  writeFileSync(points, exposition);
  writeFileSync(config, '');
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
    async end() {
      kill();
      await exited;
      process.removeListener('exit', kill);
    },
  };
}
