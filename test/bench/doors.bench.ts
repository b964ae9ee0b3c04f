// What points cost that come in the formats of others: server CPU for a million of them, beside
// VictoriaMetrics's on the same bytes.

import { METRIC_KINDS } from '../support/metric-mix.ts';
import { V2_TYPE } from '../support/remote-write.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startVictoriaMetrics } from '../support/victoria-metrics.ts';
import {
  type BodySource,
  lineProtocol,
  POINTS_PER_REQUEST,
  remoteWriteV1,
  remoteWriteV2,
  SERIES,
} from './load/door-bodies.ts';
import { startVarve } from './load/driver.ts';
import { cpuSeconds, memoryMib } from './load/process-stats.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';

const MILLIONS = numberOption('millions', 3);
/**
 * More than a memtable takes: by then flush threads, too, have had something to do, and a request
 * has come a thousand times, after which V8 has compiled most of its way: after 2 million points
 * that was a fifth of the CPU of the next 2 million, and it is done once in the life of a server.
 */
const WARM_UP_MILLIONS = numberOption('warm-up', 6);
/** Under way at once, as a sender with as many shards has it. */
const CONCURRENT = 4;
/** Sent to one server, then to the other: whatever else the machine does meets both. */
const SLICE_POINTS = 100_000;

interface Server {
  readonly name: string;
  readonly http: string;
  readonly pid: number;
  settle(): Promise<void>;
  stop(): Promise<void>;
}

interface Format {
  readonly name: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** VictoriaMetrics of the distribution is older than this. */
  readonly ownOnly?: boolean;
  readonly body: BodySource;
}

const PROTOBUF = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
const FORMATS: readonly Format[] = [
  {
    name: 'remote write 1.0',
    path: '/api/v1/write',
    headers: PROTOBUF,
    body: remoteWriteV1(),
  },
  {
    name: 'remote write 2.0',
    path: '/api/v1/write',
    headers: { ...PROTOBUF, 'content-type': V2_TYPE },
    ownOnly: true,
    body: remoteWriteV2(),
  },
  {
    name: 'line protocol, a field a line',
    path: '/write?db=bench',
    headers: {},
    body: lineProtocol(1),
  },
  {
    name: 'line protocol, ten fields a line',
    path: '/write?db=bench',
    headers: {},
    body: lineProtocol(METRIC_KINDS.length),
  },
];

/** Sends the points from number `first` on to each server, slice by slice in turn. */
async function load(servers: readonly Server[], format: Format, first: number, millions: number) {
  const end = first + millions * 1e6;
  for (let from = first; from < end; from += SLICE_POINTS) {
    for (const server of servers) await send(server, format, from);
  }
  for (const server of servers) await server.settle();
}

/** Sends a slice. */
async function send(server: Server, format: Format, from: number) {
  let next = from;
  const sender = async () => {
    while (next < from + SLICE_POINTS) {
      const body = format.body(next);
      next += POINTS_PER_REQUEST;
      const url = `${server.http}${format.path}`;
      const answer = await fetch(url, { method: 'POST', headers: format.headers, body });
      if (!answer.ok) throw new Error(`${server.name}: ${answer.status} ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, sender));
}

async function measure(servers: readonly Server[], format: Format) {
  await load(servers, format, 0, WARM_UP_MILLIONS);
  const before = servers.map(({ pid }) => cpuSeconds(pid));
  await load(servers, format, WARM_UP_MILLIONS * 1e6, MILLIONS);
  return servers.map(({ pid }, i) => ({
    cpuPerMillion: (cpuSeconds(pid) - before[i]!) / MILLIONS,
    peakMib: memoryMib(pid).peak,
  }));
}

async function startVictoria(): Promise<Server | undefined> {
  const server = await startVictoriaMetrics(await tempDir());
  if (server === undefined) return undefined;
  return {
    name: 'VictoriaMetrics',
    ...server,
    settle: async () => {
      await (await fetch(`${server.http}/internal/force_flush`)).arrayBuffer();
    },
    stop: server.end,
  };
}

/** Ours, then theirs if there is one to compare with. */
async function compare(format: Format) {
  const servers: Server[] = [{ name: 'varve', ...(await startVarve()) }];
  try {
    const theirs = format.ownOnly === true ? undefined : await startVictoria();
    if (theirs !== undefined) servers.push(theirs);
    return await measure(servers, format);
  } finally {
    for (const server of servers) await server.stop();
  }
}

endAfter(120 + 60 * FORMATS.length * (MILLIONS + WARM_UP_MILLIONS));
const rows: (string | number)[][] = [];
const shares: string[] = [];
for (const format of FORMATS) {
  const [ours, theirs] = await compare(format);
  rows.push([
    format.name,
    ours!.cpuPerMillion,
    theirs?.cpuPerMillion ?? '',
    ours!.peakMib,
    theirs?.peakMib ?? '',
  ]);
  if (theirs === undefined) continue;
  shares.push(`${format.name} ${figure(ours!.cpuPerMillion / theirs.cpuPerMillion)} times`);
}

writeReport({
  name: 'doors',
  title: 'Points in the formats of others',
  headline: `Server CPU as against VictoriaMetrics: ${shares.join(', ')}.`,
  about: [
    'Server CPU of all threads for a million points, from the first request until everything is',
    `flushed; the same bytes for both, in turn, ${figure(POINTS_PER_REQUEST)} points a request of`,
    `${figure(SERIES)} series with five labels, ${CONCURRENT} requests at once, after`,
    `${figure(WARM_UP_MILLIONS)} million points to warm up. \`varve serve\` acknowledges after an`,
    'fsync; VictoriaMetrics, as the distribution has it, keeps the last seconds in memory alone.',
  ].join(' '),
  columns: [
    'format',
    'varve CPU s / million',
    'VictoriaMetrics CPU s / million',
    'varve peak MiB',
    'VictoriaMetrics peak MiB',
  ],
  rows,
});
