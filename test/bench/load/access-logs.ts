// Access logs as a web server writes them, the same for the same number of events: a few streams of
// hosts and levels, addresses and paths of which some are asked for much more often than others.

import type { Labels } from '../../../storage/index.ts';
import { createRng, type Rng } from '../../sim/rng.ts';

export interface LogEvent {
  readonly stream: number;
  readonly timestampMs: number;
  readonly body: string;
}

export const LEVELS = ['info', 'info', 'warn', 'error'] as const;

const PATHS = Array.from({ length: 300 }, (_, i) => {
  return `/api/v1/${['users', 'orders', 'items', 'cart', 'search'][i % 5]}/${i}`;
});
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0',
  'curl/8.5.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)',
  'okhttp/4.12.0',
  'Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0',
];
const STATUSES = [200, 200, 200, 304, 404, 500];

export function streamLabels(stream: number): Labels {
  return [
    { name: 'host', value: `web-${String(stream).padStart(3, '0')}` },
    { name: 'level', value: LEVELS[stream % LEVELS.length]! },
    { name: 'service', value: 'shop' },
  ];
}

/** `count` events of `streams` streams from `startMs` on, in the order of time. */
export function* accessLogs(
  count: number,
  streams: number,
  startMs: number,
  stepMs: number,
): Generator<LogEvent> {
  const rng = createRng(count);
  for (let i = 0; i < count; i++) {
    const timestampMs = Math.floor(startMs + (i + rng.next()) * stepMs);
    yield { stream: rng.below(streams), timestampMs, body: lineOf(rng, timestampMs, i) };
  }
}

function lineOf(rng: Rng, timestampMs: number, i: number): string {
  const address = `10.${often(rng, 50)}.${often(rng, 250)}.${rng.below(250)}`;
  const time = new Date(timestampMs).toISOString();
  const method = rng.chance(0.8) ? 'GET' : 'POST';
  const path = `${PATHS[often(rng, PATHS.length)]}?id=${rng.below(1e6)}`;
  const status = STATUSES[often(rng, STATUSES.length)];
  const agent = AGENTS[often(rng, AGENTS.length)];
  const seconds = (rng.below(500) / 1000).toFixed(3);
  const needle = i % 100_000 === 77 ? ' needle-in-the-haystack' : '';
  return (
    `${address} - - [${time}] "${method} ${path} HTTP/1.1" ${status} ${rng.below(20_000)} "-" ` +
    `"${agent}" ${seconds}${needle}`
  );
}

/** 0 .. count - 1: the smaller, the more often. */
function often(rng: Rng, count: number): number {
  return Math.floor((count + 1) ** rng.next()) - 1;
}
