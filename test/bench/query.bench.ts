// Dashboard queries over HTTP: how many a second and how long they take, on a server that does
// nothing else and on one that takes points in meanwhile.

import autocannon from 'autocannon';
import { measure, startVarve, type VarveTarget } from './load/driver.ts';
import { type LoadJob, STEP_MS } from './load/job.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';

interface Query {
  readonly name: string;
  readonly path: string;
}

interface Outcome {
  readonly name: string;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly answerBytes: number;
}

const SECONDS = numberOption('seconds', 30);
/** Each of the queries has its share of them, twice. */
const SECONDS_PER_QUERY = Math.max(1, SECONDS / 6);
/** Before each, for the compiler and the caches. */
const WARM_UP_SECONDS = 1;
const SERIES = 400;
const HOURS = 2;
/** The server evaluates as many at a time; more would measure its queue. */
const CONNECTIONS = 4;
const TIMEOUT_SECONDS = 30;
const POINTS_PER_SECOND = 100_000;
const SPAN_MS = HOURS * 3_600_000;
const END_MS = Math.floor(Date.now() / STEP_MS) * STEP_MS;
const START_MS = END_MS - SPAN_MS + STEP_MS;
const HOUR_AGO_MS = END_MS - 3_600_000;

const FLEET = '{service="telemetry"}';
const QUERIES: readonly Query[] = [
  instant(`device_metric_0${FLEET}`),
  instant(`sum by (region) (rate(device_metric_6${FLEET}[5m]))`),
  range(`device_metric_0{service="telemetry",host="host-7"}`),
  range(`rate(device_metric_6${FLEET}[5m])`),
  range(`sum by (region) (rate(device_metric_6${FLEET}[5m]))`),
  range(`max by (region) (avg_over_time(device_metric_4${FLEET}[10m]))`),
];

const HISTORY: Omit<LoadJob, 'address'> = {
  method: 'stream',
  clients: 1,
  seriesPerClient: SERIES,
  service: 'telemetry',
  startMs: START_MS,
  roundsPerBatch: 8,
  rounds: SPAN_MS / STEP_MS,
  inFlight: 4,
  pointsPerSecond: 0,
  secondsMax: 60,
  batchesMax: SPAN_MS / STEP_MS / 8,
};
/** Other series in other windows: the answers stay the same. */
const ARRIVALS: Omit<LoadJob, 'address'> = {
  ...HISTORY,
  clients: 4,
  seriesPerClient: 1_000,
  service: 'arrivals',
  startMs: END_MS - 20 * 86_400_000,
  pointsPerSecond: POINTS_PER_SECOND,
  secondsMax: (SECONDS_PER_QUERY + WARM_UP_SECONDS) * QUERIES.length + 2,
  batchesMax: 0,
};

endAfter(180 + 4 * SECONDS);
const varve = await startVarve();
const { points } = await measure(varve, HISTORY);
if (points !== SERIES * HISTORY.rounds) throw new Error(`only ${points} points could be loaded`);
const quiet = await askAll(varve);
let busy: readonly Outcome[] = [];
await measure(varve, ARRIVALS, async () => {
  busy = await askAll(varve);
});
await varve.stop();

const slowest = quiet.reduce((a, b) => (b.p99Ms > a.p99Ms ? b : a));
const slowestBusy = busy.reduce((a, b) => (b.p99Ms > a.p99Ms ? b : a));
writeReport({
  name: 'query',
  title: 'Dashboard queries over HTTP',
  headline: [
    `The slowest of ${QUERIES.length} dashboard queries is answered`,
    `${figure(slowest.requestsPerSecond)} times a second, p99 ${figure(slowest.p99Ms)} ms; p99 at`,
    `most ${figure(slowestBusy.p99Ms)} ms while ${figure(POINTS_PER_SECOND)} points/s arrive.`,
  ].join(' '),
  about: [
    `\`varve serve\` on the default config holds ${SERIES} series (${SERIES / 10} hosts of ten`,
    `metrics) of ${HOURS} h at 10 s, flushed to tables. Each query is asked by ${CONNECTIONS}`,
    `connections for ${figure(SECONDS_PER_QUERY)} s after ${WARM_UP_SECONDS} s to warm up, each`,
    'again as soon as it has its answer; the client has a process of its own on the same machine.',
    '*Instant* is evaluated at the newest point, *range* over the last hour with a step of 15 s.',
    `*Busy* is the same while ${figure(POINTS_PER_SECOND)} points/s of`,
    `${figure(4 * ARRIVALS.seriesPerClient)} other series stream in and are synced, flushed and`,
    'indexed.',
  ].join(' '),
  columns: [
    'query',
    'answer KiB',
    'requests/s',
    'p50 ms',
    'p99 ms',
    'busy: requests/s',
    'busy: p50 ms',
    'busy: p99 ms',
  ],
  rows: quiet.map((outcome, i) => [
    outcome.name,
    outcome.answerBytes / 1024,
    outcome.requestsPerSecond,
    outcome.p50Ms,
    outcome.p99Ms,
    busy[i]!.requestsPerSecond,
    busy[i]!.p50Ms,
    busy[i]!.p99Ms,
  ]),
  plot: {
    kind: 'bars',
    title: 'Answers; while points stream in, in grey',
    unit: 'requests a second',
    bars: quiet.flatMap((outcome, i) => [
      { label: shortened(outcome.name), value: outcome.requestsPerSecond },
      { label: '', value: busy[i]!.requestsPerSecond, isReference: true },
    ]),
  },
});

async function askAll(target: VarveTarget): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const query of QUERIES) outcomes.push(await ask(target, query));
  return outcomes;
}

/** Throws when there is no result, or when any answer differs from the first. */
async function ask({ http }: VarveTarget, { name, path }: Query): Promise<Outcome> {
  const url = http + path;
  const expected = await (await fetch(url)).text();
  const { status, data } = JSON.parse(expected) as {
    readonly status: string;
    readonly data?: { readonly result: readonly unknown[] };
  };
  if (status !== 'success' || data?.result.length === 0) {
    throw new Error(`${name} is answered with ${expected.slice(0, 200)}`);
  }
  const load = { url, connections: CONNECTIONS, timeout: TIMEOUT_SECONDS, expectBody: expected };
  await autocannon({ ...load, duration: WARM_UP_SECONDS });
  const result = await autocannon({ ...load, duration: SECONDS_PER_QUERY });
  const { errors, timeouts, mismatches, non2xx, requests, latency } = result;
  const failed = errors + timeouts + mismatches + non2xx;
  if (failed > 0 || requests.total === 0) {
    throw new Error(`${failed} of ${requests.total} answers to ${name} are wrong or missing`);
  }
  return {
    name,
    requestsPerSecond: requests.total / result.duration,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    answerBytes: expected.length,
  };
}

function instant(expression: string): Query {
  const query = new URLSearchParams({ query: expression, time: `${END_MS / 1000}` });
  return { name: `instant \`${expression}\``, path: `/api/v1/query?${query}` };
}

function range(expression: string): Query {
  const query = new URLSearchParams({
    query: expression,
    start: `${HOUR_AGO_MS / 1000}`,
    end: `${END_MS / 1000}`,
    step: '15',
  });
  return { name: `range \`${expression}\``, path: `/api/v1/query_range?${query}` };
}

/** For the plot: without the matcher that all have. */
function shortened(name: string): string {
  return name.replaceAll('`', '').replaceAll(FLEET, '').replace('service="telemetry",', '');
}
