// The servers that are compared, each with the points of the fleet in its files.

import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';

import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createNodeEnv, openStorage } from '../../../storage/index.ts';
import { findPrograms } from '../../support/debian-package.ts';
import { freePort } from '../../support/free-port.ts';
import { findPrometheus, startPrometheus } from '../../support/prometheus.ts';
import { QUIET, startServer } from '../../support/varve-process.ts';
import { toLabels } from '../../support/write-requests.ts';
import { METRICS, ROUNDS, SERIES, seriesOf, timestampMs } from './fleet.ts';

export interface Peer {
  readonly name: string;
  /** http://HOST:PORT */
  readonly url: string;
  readonly pid: number;
  /** Added to each query. */
  readonly parameters: Readonly<Record<string, string>>;
  end(): Promise<void>;
}

const ROUNDS_PER_BATCH = 8;

/** varve on the default config, on windows that were merged as they are an hour after their end. */
export async function startVarve(dir: string): Promise<Peer> {
  const data = join(dir, 'varve');
  await fillVarve(data);
  const server = await startServer(data, ...QUIET);
  return {
    name: 'varve',
    url: server.http,
    pid: server.pid,
    parameters: {},
    end: async () => void (await server.stop()),
  };
}

async function fillVarve(data: string): Promise<void> {
  const env = createNodeEnv();
  // However long flushing takes on a machine that others use too.
  const patience = { writeWaitMsMax: 600_000 };
  const storage = await openStorage(data, env, { wal: { sync: 'os' }, ...patience });
  const all = METRICS.flatMap((metric) => [...seriesOf(metric)]);
  const labels = all.map((one) => toLabels({ __name__: one.metric, ...one.labels }));
  const ids = await storage.resolve(labels);
  const count = SERIES * ROUNDS_PER_BATCH;
  const batch = {
    ids: Uint32Array.from({ length: count }, (_, i) => ids[i % SERIES]!),
    timestampsMs: new Float64Array(count),
    values: new Float64Array(count),
  };
  for (let from = 0; from < ROUNDS; from += ROUNDS_PER_BATCH) {
    for (let i = 0; i < count; i++) {
      const round = from + Math.floor(i / SERIES);
      batch.timestampsMs[i] = timestampMs(round);
      batch.values[i] = all[i % SERIES]!.values[round]!;
    }
    await storage.append(batch);
  }
  await storage.compact();
  await storage.close();
  await env.compute.close();
}

/** Undefined when its package cannot be had. */
export async function startPrometheusPeer(dir: string): Promise<Peer | undefined> {
  const programs = findPrometheus(dir);
  if (programs === undefined) return undefined;
  const { http, pid, end } = await startPrometheus(programs, dir, exposition());
  return { name: 'Prometheus', url: `http://${http}`, pid, parameters: {}, end };
}

function* exposition(): Generator<string> {
  const seconds = Array.from({ length: ROUNDS }, (_, round) => timestampMs(round) / 1000);
  for (const metric of METRICS) {
    yield `# TYPE ${metric.name} unknown\n`;
    for (const { labels, values } of seriesOf(metric)) {
      const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
      const head = `${metric.name}{${pairs.join(',')}}`;
      yield Array.from(values, (value, i) => `${head} ${value} ${seconds[i]}\n`).join('');
    }
  }
  yield '# EOF\n';
}

/** Undefined when its package cannot be had. Answers are never taken from its cache of results. */
export async function startVictoria(dir: string): Promise<Peer | undefined> {
  const name = 'victoria-metrics';
  const programs = findPrograms(name, [name], dir);
  if (programs === undefined) return undefined;
  // It does not tell the port that it was given for 0.
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    programs[name],
    [
      `-storageDataPath=${mkdtempSync(join(dir, 'victoria-'))}`,
      `-httpListenAddr=${address}`,
      '-retentionPeriod=1y',
      '-search.latencyOffset=0s',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const kill = () => child.kill('SIGKILL');
  process.prependOnceListener('exit', kill);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for await (const line of createInterface({ input: child.stderr })) {
    if (/pprof handlers are exposed/.test(line)) break;
  }
  child.stderr.resume();
  const url = `http://${address}`;
  await fillVictoria(url);
  return {
    name: 'VictoriaMetrics',
    url,
    pid: child.pid!,
    parameters: { nocache: '1' },
    async end() {
      kill();
      await exited;
      process.off('exit', kill);
    },
  };
}

async function fillVictoria(url: string): Promise<void> {
  const timestamps = Array.from({ length: ROUNDS }, (_, round) => timestampMs(round));
  for (const metric of METRICS) {
    let lines = '';
    for (const { labels, values } of seriesOf(metric)) {
      const line = {
        metric: { __name__: metric.name, ...labels },
        values: [...values],
        timestamps,
      };
      lines += `${JSON.stringify(line)}\n`;
      if (lines.length < 2 ** 22) continue;
      await post(`${url}/api/v1/import`, lines);
      lines = '';
    }
    if (lines !== '') await post(`${url}/api/v1/import`, lines);
  }
  await post(`${url}/internal/force_flush`, '');
  await post(`${url}/internal/force_merge`, '');
}

async function post(url: string, body: string): Promise<void> {
  const { ok, status } = await fetch(url, { method: 'POST', body });
  if (!ok) throw new Error(`${url} answered ${status}`);
}
