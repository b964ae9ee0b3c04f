// Dashboard queries over HTTP, on the same points in varve, Prometheus and VictoriaMetrics.

import { Agent, request } from 'node:http';
import { tempDir } from '../support/temp-dir.ts';
import { cpuSeconds } from './load/process-stats.ts';
import { difference } from './peers/answers.ts';
import { ROUNDS, SERIES, STEP_MS } from './peers/fleet.ts';
import { type PeerQuery, QUERIES } from './peers/queries.ts';
import { type Peer, startPrometheusPeer, startVarve, startVictoria } from './peers/servers.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';
import { quantile } from './support/timing.ts';

/** Each query is asked so often of each server, in turns ... */
const ROUNDS_ASKED = numberOption('rounds', 9);
const WARM_UP_ROUNDS = 3;
/** ... and ten times as often as long as that takes less, ms: a dashboard asks all day long. */
const ASKED_MS = 2_000;
const MORE_ROUNDS = 10;

endAfter(2400);
const agent = new Agent({ keepAlive: true });
const dir = await tempDir();
const varve = await startVarve(dir);
const prometheus = await startPrometheusPeer(dir);
const victoria = await startVictoria(dir);
if (prometheus === undefined || victoria === undefined) {
  throw new Error('the packages prometheus and victoria-metrics cannot be had');
}
const peers = [varve, prometheus, victoria];
const outcomes: Outcome[] = [];
for (const query of QUERIES) {
  const outcome = await compare(query);
  outcomes.push(outcome);
  console.error(query.name, outcome.ms.map(figure).join(' / '), outcome.differs ?? 'same');
}
for (const peer of peers) await peer.end();
agent.destroy();

const toPrometheus = geometricMean(outcomes.map(({ ms }) => ms[0]! / ms[1]!));
const toVictoria = geometricMean(outcomes.map(({ ms }) => ms[0]! / ms[2]!));
const cpuOf = (peer: number) => outcomes.reduce((sum, { cpuMs }) => sum + cpuMs[peer]!, 0);
const cpuToPrometheus = cpuOf(0) / cpuOf(1);
const cpuToVictoria = cpuOf(0) / cpuOf(2);
const different = outcomes.flatMap(({ query, differs }) =>
  differs === undefined ? [] : [`${query.name}: ${differs}`],
);
writeReport({
  name: 'peers',
  title: 'varve beside Prometheus and VictoriaMetrics',
  headline: [
    `Over ${QUERIES.length} dashboard queries varve takes ${figure(toPrometheus)} times as long`,
    `as Prometheus and ${figure(toVictoria)} times as long as VictoriaMetrics (geometric means).`,
  ].join(' '),
  about: [
    `The same ${figure(SERIES * ROUNDS)} points (${figure(SERIES)} series, a point every`,
    `${STEP_MS / 1000} s for 6 h) lie in the files of all three, which run at the same time on one`,
    "machine: varve on its default config, Debian's Prometheus 2.42 filled through",
    "`promtool tsdb create-blocks-from`, Debian's VictoriaMetrics 1.79 filled through its import",
    'and asked with `nocache=1`. Each query is asked of each in turns, over an open connection and',
    `uncompressed; ${WARM_UP_ROUNDS} rounds to warm up, then the median of ${ROUNDS_ASKED}, until`,
    `the last byte; of what is quick up to ${MORE_ROUNDS} times as many of both.`,
  ].join(' '),
  columns: [
    'query',
    'answer KiB',
    'varve ms',
    'Prometheus ms',
    'VictoriaMetrics ms',
    '/ Prometheus',
    '/ VictoriaMetrics',
    'CPU ms of each',
  ],
  rows: outcomes.map(({ query, bytes, ms, cpuMs }) => [
    query.name,
    bytes / 1024,
    ms[0]!,
    ms[1]!,
    ms[2]!,
    ms[0]! / ms[1]!,
    ms[0]! / ms[2]!,
    cpuMs.map(figure).join(' / '),
  ]),
  notes: [
    [
      `In CPU, from the kernel's ticks of 10 ms, varve takes ${figure(cpuToPrometheus)} times`,
      `what Prometheus takes and ${figure(cpuToVictoria)} times what VictoriaMetrics takes for all`,
      'of them: that says more where others use the machine.',
    ].join(' '),
    different.length === 0
      ? "Every answer of varve is Prometheus's to 1e-9, relatively."
      : `Other than Prometheus answers varve: ${different.join('; ')}.`,
    'VictoriaMetrics extrapolates no rates, so its answers are not compared.',
  ],
  plot: {
    kind: 'bars',
    title: 'varve; Prometheus and VictoriaMetrics below, in grey',
    unit: 'ms until the last byte',
    bars: outcomes.flatMap(({ query, ms }) => [
      { label: query.name.replaceAll('`', ''), value: ms[0]! },
      { label: '', value: ms[1]!, isReference: true },
      { label: '', value: ms[2]!, isReference: true },
    ]),
  },
});

interface Outcome {
  readonly query: PeerQuery;
  readonly bytes: number;
  /** By peer, the median until the last byte, and the CPU that a query takes. */
  readonly ms: readonly number[];
  readonly cpuMs: readonly number[];
  /** From Prometheus's answer. */
  readonly differs: string | undefined;
}

async function compare(query: PeerQuery): Promise<Outcome> {
  await askAll(query, WARM_UP_ROUNDS);
  const { times, cpuMs, answers } = await askAll(query, ROUNDS_ASKED);
  return {
    query,
    bytes: answers[0]!.length,
    ms: times.map((all) => quantile(Float64Array.from(all).sort(), 0.5)),
    cpuMs,
    differs: difference(answers[0]!, answers[1]!),
  };
}

/** By peer: the time of each round, the CPU of one on average, and the last answer. */
async function askAll(query: PeerQuery, rounds: number) {
  const times = peers.map((): number[] => []);
  const cpuMs = peers.map(() => 0);
  const answers: string[] = [];
  const endMs = performance.now() + ASKED_MS;
  const isOver = (round: number) =>
    round >= rounds && (round >= MORE_ROUNDS * rounds || performance.now() >= endMs);
  for (let round = 0; !isOver(round); round++) {
    for (const [i, peer] of peers.entries()) {
      const cpuBefore = cpuSeconds(peer.pid);
      const startMs = performance.now();
      answers[i] = await ask(peer, query);
      times[i]!.push(performance.now() - startMs);
      cpuMs[i]! += (cpuSeconds(peer.pid) - cpuBefore) * 1000;
    }
  }
  return { times, cpuMs: cpuMs.map((sum) => sum / times[0]!.length), answers };
}

/** The body, read to its end; throws for anything but 200. */
function ask({ url, parameters }: Peer, { path }: PeerQuery): Promise<string> {
  const target = new URL(url + path);
  for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
  return new Promise((resolve, reject) => {
    const sent = request(target, { agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`${target} answered ${response.statusCode}: ${body.slice(0, 300)}`));
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}
