// Loads a varve server over gRPC and prints one line of JSON. A process of its own, so that its
// cost is not the server's.
//
//   node dist/test/bench/ingest-client.js HOST:PORT [--method stream|unary] [--seconds 10]
//     [--streams 2] [--in-flight 8] [--series 4000] [--rounds 4] [--rate POINTS_PER_S] [--pid N]
//
// `stream` sends dictionary columns of series x rounds points a batch, `unary` one point of each
// of --series self-contained series a call. --in-flight is per stream. --pid is the server's.

import type { ClientHttp2Session } from 'node:http2';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { columnsBatch, definitionsMessage, type LoadBatch, seriesMessage } from './load/batches.ts';
import { openCall, openSession } from './load/grpc-stream.ts';
import { cpuSeconds, memoryMib } from './load/process-stats.ts';

const STEP_MS = 10_000;
/** The first point lies this far back: room for days of samples in seconds. */
const HISTORY_MS = 25 * 86_400_000;
const SERVICE = '/varve.v1.IngestService';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    method: { type: 'string', default: 'stream' },
    seconds: { type: 'string', default: '10' },
    streams: { type: 'string', default: '2' },
    'in-flight': { type: 'string', default: '8' },
    series: { type: 'string', default: '4000' },
    rounds: { type: 'string', default: '4' },
    rate: { type: 'string', default: 'Infinity' },
    pid: { type: 'string' },
  },
});
const address = positionals[0];
if (address === undefined) throw new Error('usage: ingest-client HOST:PORT [--flags]');
const seconds = Number(flags.seconds);
const series = Number(flags.series);
const rounds = Number(flags.rounds);
const inFlight = Number(flags['in-flight']);
const streams = Number(flags.streams);
const pid = flags.pid === undefined ? undefined : Number(flags.pid);
const pointsPerBatch = flags.method === 'unary' ? series : series * rounds;
/** ms between batches over all streams; 0 for as fast as acks come. */
const intervalMs = (pointsPerBatch / Number(flags.rate)) * 1000;

const latenciesMs: number[] = [];
let sent = 0;
let lastAckMs = 0;
let nextTimeMs = Date.now() - HISTORY_MS;

const session = await openSession(address);
const work = flags.method === 'unary' ? await unaryWork(session) : await streamWork(session);
const startMs = performance.now();
const stopMs = startMs + seconds * 1000;
const serverCpuBefore = pid === undefined ? 0 : cpuSeconds(pid);
const clientCpuBefore = process.cpuUsage();
await work();
const elapsedS = (lastAckMs - startMs) / 1000;
const clientCpu = process.cpuUsage(clientCpuBefore);
const points = latenciesMs.length * pointsPerBatch;
latenciesMs.sort((a, b) => a - b);
const report = {
  method: flags.method,
  streams,
  inFlight,
  pointsPerBatch,
  seconds: round(elapsedS, 2),
  points,
  pointsPerSecond: Math.round(points / elapsedS),
  ackMs: { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) },
  clientCpuPerMillion: round((clientCpu.user + clientCpu.system) / points, 3),
  ...(pid === undefined ? {} : serverReport(pid)),
};
console.log(JSON.stringify(report));
session.close();

function serverReport(server: number) {
  return {
    serverCpuPerMillion: round(((cpuSeconds(server) - serverCpuBefore) * 1e6) / points, 3),
    serverMemoryMib: memoryMib(server),
  };
}

/** Streams that each keep --in-flight batches waiting for their ack. */
async function streamWork(on: ClientHttp2Session): Promise<() => Promise<void>> {
  const calls = await Promise.all(Array.from({ length: streams }, (_, i) => openStream(on, i)));
  return async () => {
    await Promise.all(calls.map((start) => start()));
  };
}

async function openStream(on: ClientHttp2Session, index: number): Promise<() => Promise<void>> {
  const batches = Array.from({ length: inFlight }, (_, i) =>
    columnsBatch(series, rounds, index * inFlight + i),
  );
  const waiting: { batch: LoadBatch; sentMs: number }[] = [];
  let onAck = () => {};
  const call = openCall(on, `${SERVICE}/WriteStream`, () => onAck());
  await new Promise<void>((resolve, reject) => {
    onAck = resolve;
    call.finished.catch(reject);
    call.send(definitionsMessage(series));
  });

  const send = (batch: LoadBatch) => {
    batch.setTime(nextTimeMs);
    nextTimeMs += rounds * STEP_MS;
    waiting.push({ batch, sentMs: performance.now() });
    call.send(batch.bytes);
  };
  return () => {
    let slots = batches.length;
    const next = (batch: LoadBatch) =>
      pace(() => {
        if (performance.now() < stopMs) send(batch);
        else if (--slots === 0) call.end();
      });
    onAck = () => {
      const { batch, sentMs } = waiting.shift()!;
      acknowledged(sentMs);
      next(batch);
    };
    batches.forEach(next);
    return call.finished;
  };
}

/** Unary calls, streams x in-flight of them at a time. */
async function unaryWork(on: ClientHttp2Session): Promise<() => Promise<void>> {
  const message = seriesMessage(series, Date.now(), 0);
  const once = async () => {
    const sentMs = performance.now();
    const call = openCall(on, `${SERVICE}/Write`, () => {});
    call.send(message);
    call.end();
    await call.finished;
    return sentMs;
  };
  // The first call registers the series; what is measured is a writer that repeats itself.
  await once();
  const caller = async () => {
    while (performance.now() < stopMs) acknowledged(await once());
  };
  return async () => {
    await Promise.all(Array.from({ length: streams * inFlight }, caller));
  };
}

function acknowledged(sentMs: number): void {
  lastAckMs = performance.now();
  latenciesMs.push(lastAckMs - sentMs);
}

/** Runs `task` now, or when the rate allows; a latency never includes this wait. */
function pace(task: () => void): void {
  if (intervalMs === 0) {
    task();
    return;
  }
  const dueMs = startMs + sent++ * intervalMs;
  setTimeout(task, Math.max(0, dueMs - performance.now()));
}

function quantile(q: number): number {
  const index = Math.min(latenciesMs.length - 1, Math.floor(q * latenciesMs.length));
  return round(latenciesMs[index] ?? Number.NaN, 2);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
