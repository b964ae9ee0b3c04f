// A log shipper's day: how fast events are taken in, what they take on disk beside gzip of the same
// text, and how long it takes to look for a text in all of them and to count them.
//
//   --events N    500,000 unless it is said; a day is 5,000,000
//   --dir DIR     goes on where the last run with it ended, and does one step: for machines that
//                 are quiet for a minute at a time. Whoever gives it removes it.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createQueryEngine } from '../../query/engine.ts';
import { parseEventQuery } from '../../query/events/event-query.ts';
import { DEFAULT_LIMITS } from '../../query/limits.ts';
import { createNodeEnv, EventBuffer, openStorage, type Storage } from '../../storage/index.ts';
import { tempDir } from '../support/temp-dir.ts';
import { accessLogs, type LogEvent, streamLabels } from './load/access-logs.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';

const EVENTS = numberOption('events', 500_000);
const STREAMS = 200;
const BATCH = 5000;
const BATCHES_UNDER_WAY = 8;
const SPAN_MS = 3_600_000;
/** The range begins before the first of them: its start is left out. */
const COUNT_ALL = 'sum(count_over_time({service="shop"}[61m]))';
const START_MS = Math.floor(Date.UTC(2026, 0, 1) / SPAN_MS) * SPAN_MS;
/** gzip takes a string at a time; more of it would gain nothing, its window is 32 KiB. */
const GZIP_BYTES = 64 * 2 ** 20;

/** Of the steps that are done, ms. */
interface Times {
  sent?: number;
  again?: number;
  merged?: number;
}

endAfter(900);
const dirAt = process.argv.indexOf('--dir');
const keptDir = dirAt < 0 ? undefined : process.argv[dirAt + 1]!;
if (keptDir !== undefined) mkdirSync(keptDir, { recursive: true });
const timesFile = `${keptDir}/times.json`;
const dir = keptDir === undefined ? await tempDir() : `${keptDir}/data`;
const env = createNodeEnv(1);
const storage = await openStorage(dir, env, { policies: keptForEver() });
try {
  await measure();
} finally {
  await storage.close();
  await env.compute.close();
  if (keptDir === undefined) rmSync(dir, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const ids = await storage.resolve(Array.from({ length: STREAMS }, (_, i) => streamLabels(i)));
  const times: Times = existsSync(timesFile) ? JSON.parse(readFileSync(timesFile, 'utf8')) : {};
  for (const [step, run] of Object.entries(stepsOf(ids)) as [keyof Times, Step][]) {
    if (times[step] !== undefined) continue;
    times[step] = await run();
    console.log(`${step} in ${figure(times[step] / 1000)} s`);
    if (keptDir === undefined) continue;
    writeFileSync(timesFile, JSON.stringify(times));
    return;
  }
  await report(times as Required<Times>);
}

type Step = () => Promise<number>;

function stepsOf(ids: Uint32Array): Record<keyof Times, Step> {
  return {
    sent: () => sendAll(storage, ids),
    again: () => sendAll(storage, ids),
    merged: () =>
      timed(async () => {
        await storage.flush();
        await storage.compact();
      }),
  };
}

async function report({ sent, again, merged }: Required<Times>): Promise<void> {
  const { tablePoints, tableBytes } = storage.stats();
  if (tablePoints !== EVENTS) throw new Error(`expected ${EVENTS} events, found ${tablePoints}`);
  const rare = await search('needle-in-the-haystack');
  const common = await search('id=77');
  const rates = await countRates();
  const { gzipBytes, textBytes } = gzipAll();
  const perEvent = tableBytes / EVENTS;
  writeReport({
    name: 'events',
    title: 'Log events',
    headline: [
      `An event takes ${figure(perEvent)} bytes,`,
      `${figure(tableBytes / gzipBytes)} x what gzip takes for its text;`,
      `${figure((EVENTS / sent) * 1000)} events/s are taken in.`,
    ].join(' '),
    about: [
      `${figure(EVENTS)} lines of access logs in ${STREAMS} streams over an hour, in batches of`,
      `${figure(BATCH)} out of order across streams, appended through \`openStorage\` with`,
      '`sync: group`,',
      'then every batch once more, as after lost answers; flushed and merged. One worker thread.',
      'The time of making the lines is not counted.',
    ].join(' '),
    columns: ['what', 'figure', 'unit'],
    rows: [
      ['text of an event', textBytes / EVENTS, 'B'],
      ['gzip -6 of all text', gzipBytes / EVENTS, 'B / event'],
      ['on disk, merged', perEvent, 'B / event'],
      ['taken in', Math.round((EVENTS / sent) * 1000), 'events / s'],
      ['sent again', Math.round((EVENTS / again) * 1000), 'events / s'],
      ['flushed and merged after that', merged, 'ms'],
      ['a rare text in all of it', rare.ms, `ms, ${rare.found} found`],
      ['a text of many lines, newest 5,000', common.ms, `ms, ${common.found} found`],
      ['sum by (level) (rate({...}[5m])), 61 steps', rates.ms, `ms, ${rates.series} series`],
    ],
  });
}

function allLines() {
  return accessLogs(EVENTS, STREAMS, START_MS, SPAN_MS / EVENTS);
}

/** Resolves with the time that it took, but for the making of the lines, ms. */
async function sendAll(target: Storage, ids: Uint32Array): Promise<number> {
  let durable: Promise<void>[] = [];
  let lines: LogEvent[] = [];
  let spentMs = 0;
  const send = async () => {
    const buffer = new EventBuffer();
    for (const { stream, timestampMs, body } of lines) {
      buffer.add(ids[stream]!, timestampMs, 0, Buffer.from(body));
    }
    durable.push(target.appendEvents(buffer.columns()));
    lines = [];
    if (durable.length < BATCHES_UNDER_WAY) return;
    await Promise.all(durable);
    durable = [];
  };
  for (const line of allLines()) {
    lines.push(line);
    if (lines.length === BATCH) spentMs += await timed(send);
  }
  spentMs += await timed(async () => {
    await send();
    await Promise.all(durable);
  });
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
  const counted = await engine.instant(COUNT_ALL, START_MS + SPAN_MS);
  const { value } = counted;
  const total = value.kind === 'vector' ? value.series[0]?.values[0] : undefined;
  if (total !== EVENTS) throw new Error(`expected ${EVENTS} events, PromQL counts ${total}`);
  return { ms, series };
}

/** What gzip takes for the lines, one after another. */
function gzipAll(): { gzipBytes: number; textBytes: number } {
  let parts: string[] = [];
  let partBytes = 0;
  let gzipBytes = 0;
  let textBytes = 0;
  const finish = () => {
    gzipBytes += gzipSync(parts.join('')).length;
    parts = [];
    partBytes = 0;
  };
  for (const { body } of allLines()) {
    parts.push(`${body}\n`);
    partBytes += body.length + 1;
    textBytes += body.length;
    if (partBytes >= GZIP_BYTES) finish();
  }
  if (parts.length > 0) finish();
  return { gzipBytes, textBytes };
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
