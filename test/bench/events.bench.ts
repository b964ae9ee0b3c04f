// A log shipper's day: how fast events are taken in, what they take on disk beside gzip of the same
// text, and how long it takes to look for a text in all of them and to count them.
//
//   --events N    500,000 unless it is said; the day is 5,000,000

import { rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createQueryEngine } from '../../query/engine.ts';
import { parseEventQuery } from '../../query/events/event-query.ts';
import { DEFAULT_LIMITS } from '../../query/limits.ts';
import {
  createNodeEnv,
  type EventBatch,
  EventBuffer,
  openStorage,
  type Storage,
} from '../../storage/index.ts';
import { tempDir } from '../support/temp-dir.ts';
import { accessLogs, streamLabels } from './load/access-logs.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';

const EVENTS = numberOption('events', 500_000);
const STREAMS = 200;
const BATCH = 5000;
const SPAN_MS = 3_600_000;
const START_MS = Math.floor(Date.UTC(2026, 0, 1) / SPAN_MS) * SPAN_MS;
/** gzip takes a string at a time; more of it would gain nothing, its window is 32 KiB. */
const GZIP_BYTES = 64 * 2 ** 20;

endAfter(900);
const dir = await tempDir();
const env = createNodeEnv(1);
const storage = await openStorage(dir, env, { policies: keptForEver() });
try {
  await measure();
} finally {
  await storage.close();
  await env.compute.close();
  rmSync(dir, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const ids = await storage.resolve(Array.from({ length: STREAMS }, (_, i) => streamLabels(i)));
  const gzip = createGzipMeter();
  const ingestMs = await sendAll(storage, ids, gzip.add);
  const replayMs = await sendAll(storage, ids, () => {});
  await storage.flush();
  const mergeMs = await timed(() => storage.compact());
  const { tablePoints, tableBytes } = storage.stats();
  if (tablePoints !== EVENTS) throw new Error(`expected ${EVENTS} events, found ${tablePoints}`);
  const gzipBytes = gzip.finish();
  const searches = await Promise.all([search('needle-in-the-haystack')]);
  const common = await search('id=77');
  const rates = await countRates();
  const perEvent = tableBytes / EVENTS;
  writeReport({
    name: 'events',
    title: 'Log events',
    headline: [
      `An event takes ${figure(perEvent)} bytes,`,
      `${figure(tableBytes / gzipBytes)} x what gzip takes for its text;`,
      `${figure((EVENTS / ingestMs) * 1000)} events/s are taken in.`,
    ].join(' '),
    about: [
      `${figure(EVENTS)} lines of access logs in ${STREAMS} streams over an hour, in batches of`,
      `${figure(BATCH)} out of order across streams, appended through \`openStorage\` with`,
      '`sync: group`,',
      'then every batch once more, as after lost answers; flushed and merged. One worker thread.',
    ].join(' '),
    columns: ['what', 'figure', 'unit'],
    rows: [
      ['text of an event', gzip.textBytes / EVENTS, 'B'],
      ['gzip -6 of all text', gzipBytes / EVENTS, 'B / event'],
      ['on disk, merged', perEvent, 'B / event'],
      ['taken in', Math.round((EVENTS / ingestMs) * 1000), 'events / s'],
      ['sent again', Math.round((EVENTS / replayMs) * 1000), 'events / s'],
      ['flushed and merged after that', mergeMs, 'ms'],
      ['a rare text in all of it', searches[0]!.ms, `ms, ${searches[0]!.found} found`],
      ['a text of many lines, newest 5,000', common.ms, `ms, ${common.found} found`],
      ['sum by (level) (rate({...}[5m])), 61 steps', rates.ms, `ms, ${rates.series} series`],
    ],
  });
}

async function sendAll(
  target: Storage,
  ids: Uint32Array,
  onText: (body: string) => void,
): Promise<number> {
  let spentMs = 0;
  let durable: Promise<void>[] = [];
  let buffer = new EventBuffer();
  const send = async () => {
    const batch: EventBatch = buffer.columns();
    const startMs = performance.now();
    durable.push(target.appendEvents(batch));
    if (durable.length === 8) {
      await Promise.all(durable);
      durable = [];
    }
    spentMs += performance.now() - startMs;
    buffer = new EventBuffer();
  };
  for (const { stream, timestampMs, body } of accessLogs(
    EVENTS,
    STREAMS,
    START_MS,
    SPAN_MS / EVENTS,
  )) {
    onText(body);
    buffer.add(ids[stream]!, timestampMs, 0, Buffer.from(body));
    if (buffer.count === BATCH) await send();
  }
  if (buffer.count > 0) await send();
  spentMs += await timed(() => Promise.all(durable));
  return spentMs;
}

async function search(text: string): Promise<{ ms: number; found: number }> {
  const { matchers, filter } = parseEventQuery(
    `{service="shop"} |= ${JSON.stringify(text)}`,
    DEFAULT_LIMITS,
  );
  let found = 0;
  const ms = await timed(async () => {
    const events = await storage.findEvents({
      selectors: [matchers],
      start: { ms: START_MS, nanos: 0 },
      end: { ms: START_MS + SPAN_MS + 1, nanos: 0 },
      direction: 'backward',
      limit: 5000,
      bytesMax: 2 ** 30,
      ...(filter !== undefined && { filter }),
    });
    found = events.length;
  });
  return { ms, found };
}

async function countRates(): Promise<{ ms: number; series: number }> {
  const engine = createQueryEngine(storage, { ...DEFAULT_LIMITS, timeoutMs: 600_000 });
  let series = 0;
  const ms = await timed(async () => {
    const range = { startMs: START_MS, endMs: START_MS + SPAN_MS, stepMs: 60_000 };
    const { value } = await engine.range('sum by (level) (rate({service="shop"}[5m]))', range);
    series = value.kind === 'vector' ? value.series.length : 0;
  });
  return { ms, series };
}

/** What gzip takes for the lines, one after another. */
function createGzipMeter() {
  let parts: string[] = [];
  let partBytes = 0;
  let gzipBytes = 0;
  let textBytes = 0;
  const finish = () => {
    if (parts.length > 0) gzipBytes += gzipSync(parts.join('')).length;
    parts = [];
    partBytes = 0;
    return gzipBytes;
  };
  return {
    add(body: string) {
      parts.push(`${body}\n`);
      partBytes += body.length + 1;
      textBytes += body.length;
      if (partBytes >= GZIP_BYTES) finish();
    },
    finish,
    get textBytes() {
      return textBytes;
    },
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function keptForEver() {
  const keepMs = Number.POSITIVE_INFINITY;
  return {
    policies: [{ name: 'default', keepMs, windowMs: 7_200_000 }],
    policyOf: () => 0,
  };
}
