// What a label explosion costs: 500,000 new series with four points each, then as many again, and
// what it takes to find one of them. VictoriaMetrics, when it can be had, in the same run.

import { setTimeout as wait } from 'node:timers/promises';
import { connect } from '../support/ingest-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, startServer } from '../support/varve-process.ts';
import { encodeRequest, toLabels } from '../support/write-requests.ts';
import { cpuSeconds, memoryMib } from './load/process-stats.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { type Row, writeReport } from './support/report.ts';
import { startVictoriaMetrics } from './support/victoria-metrics.ts';

const count = numberOption('series', 500_000);
const POINTS_PER_SERIES = 4;
const SERIES_PER_REQUEST = 1000;
const REQUESTS_UNDER_WAY = 4;
const LOOKUPS = 300;
const STEP_MS = 15_000;
const startMs = Math.floor((Date.now() - 600_000) / STEP_MS) * STEP_MS;

interface Contestant {
  readonly name: string;
  readonly pid: number;
  readonly http: string;
  /** A request with the points of series `from` to `to`. */
  request(from: number, to: number): Buffer;
  write(request: Buffer): Promise<unknown>;
  /** Resolves once what was written can be read. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

function labelsOf(series: number): Record<string, string> {
  const pod = Math.floor(series / 10);
  return {
    __name__: `http_requests_${series % 10}_total`,
    cluster: `eu-west-${pod % 3}`,
    code: `${200 + (series % 5)}`,
    instance: `10.${(pod >> 16) & 255}.${(pod >> 8) & 255}.${pod & 255}:9100`,
    job: 'api-server',
    namespace: `team-${pod % 40}`,
    pod: `api-server-7d9f8b6c5-${pod.toString(36).padStart(5, '0')}`,
  };
}

function sampleOf(series: number, point: number): number {
  return (series % 1000) + point;
}

const timestampsMs = Array.from({ length: POINTS_PER_SERIES }, (_, i) => startMs + i * STEP_MS);

async function startVarve(): Promise<Contestant> {
  const server = await startServer(await tempDir(), ...QUIET);
  const client = connect(server.grpc);
  return {
    name: 'varve',
    pid: server.pid,
    http: server.http,
    request(from, to) {
      const series = Array.from({ length: to - from }, (_, i) => ({
        labels: toLabels(labelsOf(from + i)),
        timestampsMs: timestampsMs.map(BigInt),
        values: timestampsMs.map((_, point) => sampleOf(from + i, point)),
      }));
      return encodeRequest({ series });
    },
    write: (request) => client.write(request),
    async settle() {},
    async stop() {
      client.close();
      await server.stop();
    },
  };
}

async function startVictoria(): Promise<Contestant | undefined> {
  const server = await startVictoriaMetrics();
  if (server === undefined) return undefined;
  return {
    name: server.name,
    pid: server.pid,
    http: server.http,
    request(from, to) {
      const lines = Array.from({ length: to - from }, (_, i) => {
        const values = timestampsMs.map((_, point) => sampleOf(from + i, point));
        return JSON.stringify({ metric: labelsOf(from + i), values, timestamps: timestampsMs });
      });
      return Buffer.from(lines.join('\n'));
    },
    write: (body) => ask(`${server.http}/api/v1/import`, { method: 'POST', body }),
    settle: () => ask(`${server.http}/internal/force_flush`).then(() => undefined),
    stop: () => server.stop(),
  };
}

async function ask(url: string, init?: RequestInit): Promise<string> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text}`);
  return text;
}

/** Writes `count` series from `from` on, and returns what that took. */
async function explode(contestant: Contestant, from: number) {
  const requests: Buffer[] = [];
  const end = from + count;
  for (let next = from; next < end; next += SERIES_PER_REQUEST) {
    requests.push(contestant.request(next, Math.min(end, next + SERIES_PER_REQUEST)));
  }
  const cpuBefore = cpuSeconds(contestant.pid);
  const beganMs = performance.now();
  const write = async () => {
    for (let next = requests.shift(); next !== undefined; next = requests.shift()) {
      await contestant.write(next);
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_UNDER_WAY }, write));
  await contestant.settle();
  const seconds = (performance.now() - beganMs) / 1000;
  // What goes on behind the writes belongs to them.
  let cpu = cpuSeconds(contestant.pid);
  for (let quiet = 0; quiet < 4; ) {
    await wait(500);
    const now = cpuSeconds(contestant.pid);
    quiet = now - cpu < 0.05 ? quiet + 1 : 0;
    cpu = now;
  }
  return { seconds, cpu: cpu - cpuBefore };
}

/** Times of queries for one series each, ms, ascending. */
async function lookUp({ http }: Contestant, among: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < LOOKUPS; i++) {
    const series = (i * 7919 * 31) % among;
    const { __name__: name, pod, code } = labelsOf(series);
    const query = `${name}{pod="${pod}",code="${code}"}`;
    const timeS = (timestampsMs.at(-1)! + 1000) / 1000;
    const url = `${http}/api/v1/query?query=${encodeURIComponent(query)}&time=${timeS}`;
    const beganMs = performance.now();
    const answer = JSON.parse(await ask(url));
    times.push(performance.now() - beganMs);
    if (answer.data.result.length !== 1) throw new Error(`${query} has no answer`);
  }
  return times.sort((a, b) => a - b);
}

async function measure(contestant: Contestant): Promise<Row[]> {
  const millions = (count * POINTS_PER_SERIES) / 1e6;
  try {
    return [
      await portion('the first', contestant, 0, millions),
      await portion('as many again', contestant, count, millions),
    ];
  } finally {
    await contestant.stop();
  }
}

async function portion(
  what: string,
  contestant: Contestant,
  from: number,
  millions: number,
): Promise<Row> {
  const { seconds, cpu } = await explode(contestant, from);
  const times = await lookUp(contestant, from + count);
  const at = (share: number) => times[Math.floor(times.length * share)]!;
  const { peak } = memoryMib(contestant.pid);
  return [contestant.name, what, seconds, cpu / millions, peak, at(0.5), at(0.99)];
}

const rows = await measure(await startVarve());
const victoria = await startVictoria();
if (victoria !== undefined) rows.push(...(await measure(victoria)));

writeReport({
  name: 'cardinality',
  title: 'A label explosion',
  headline: [
    `A million points in new series takes ${figure(Number(rows[0]![3]))} s of CPU;`,
    `after ${figure(2 * count)} series the peak of memory is ${figure(Number(rows[1]![4]))} MiB.`,
  ].join(' '),
  about: [
    `${figure(count)} new series of seven labels with ${POINTS_PER_SERIES} points each, then as`,
    `many again; each server in a process of its own, fed ${SERIES_PER_REQUEST} series a request`,
    'through its own door (gRPC; JSON lines for VictoriaMetrics), all of them made beforehand.',
    'CPU is that of the whole process until it is quiet again; a lookup is an HTTP query for one',
    'series.',
  ].join(' '),
  columns: [
    'server',
    'series',
    'wall s',
    'CPU s per million points',
    'peak RSS MiB',
    'lookup p50 ms',
    'lookup p99 ms',
  ],
  rows,
  notes:
    victoria === undefined
      ? ['VictoriaMetrics could not be had: name its program in VICTORIA_METRICS.']
      : [],
});
process.exit();
