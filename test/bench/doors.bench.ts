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
/** More than a memtable takes: by then flush threads, too, have had something to do. */
const WARM_UP_MILLIONS = numberOption('warm-up', 3);
/** Under way at once, as a sender with as many shards has it. */
const CONCURRENT = 4;

interface Server {
  readonly name: string;
  readonly http: string;
  readonly pid: number;
  settle(): Promise<void>;
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

/** Sends `millions` of points from number `first` on. */
async function send(server: Server, format: Format, first: number, millions: number) {
  const requests = (millions * 1e6) / POINTS_PER_REQUEST;
  let next = 0;
  const sender = async () => {
    while (next < requests) {
      const body = format.body(first + next++ * POINTS_PER_REQUEST);
      const url = `${server.http}${format.path}`;
      const answer = await fetch(url, { method: 'POST', headers: format.headers, body });
      if (!answer.ok) throw new Error(`${server.name}: ${answer.status} ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, sender));
}

async function measure(server: Server, format: Format) {
  await send(server, format, 0, WARM_UP_MILLIONS);
  await server.settle();
  const before = cpuSeconds(server.pid);
  await send(server, format, WARM_UP_MILLIONS * 1e6, MILLIONS);
  await server.settle();
  return {
    cpuPerMillion: (cpuSeconds(server.pid) - before) / MILLIONS,
    peakMib: memoryMib(server.pid).peak,
  };
}

async function onVarve(format: Format) {
  const target = await startVarve();
  try {
    return await measure({ name: 'varve', ...target, settle: () => target.settle() }, format);
  } finally {
    await target.stop();
  }
}

async function onVictoriaMetrics(format: Format) {
  const server = await startVictoriaMetrics(await tempDir());
  if (server === undefined) return undefined;
  const settle = async () => {
    await (await fetch(`${server.http}/internal/force_flush`)).arrayBuffer();
  };
  try {
    return await measure({ name: 'VictoriaMetrics', ...server, settle }, format);
  } finally {
    await server.end();
  }
}

endAfter(120 + 60 * FORMATS.length * (MILLIONS + WARM_UP_MILLIONS));
const rows: (string | number)[][] = [];
const shares: string[] = [];
for (const format of FORMATS) {
  const ours = await onVarve(format);
  const theirs = format.ownOnly === true ? undefined : await onVictoriaMetrics(format);
  rows.push([
    format.name,
    ours.cpuPerMillion,
    theirs?.cpuPerMillion ?? '',
    ours.peakMib,
    theirs?.peakMib ?? '',
  ]);
  if (theirs === undefined) continue;
  shares.push(`${format.name} ${figure(ours.cpuPerMillion / theirs.cpuPerMillion)} times`);
}

writeReport({
  name: 'doors',
  title: 'Points in the formats of others',
  headline: `Server CPU as against VictoriaMetrics: ${shares.join(', ')}.`,
  about: [
    'Server CPU of all threads for a million points, from the first request until everything is',
    `flushed; the same bytes for both, ${figure(POINTS_PER_REQUEST)} points a request of`,
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
