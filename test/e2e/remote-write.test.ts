// Real senders of remote write, through a restart of varve: what they have sent is what it has. A
// Prometheus that scrapes itself and a node_exporter is held against its own storage; vmagent
// against a Prometheus it writes to as well.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { findPrograms } from '../support/debian-package.ts';
import { freePort } from '../support/free-port.ts';
import { findNodeExporter, startNodeExporter } from '../support/node-exporter.ts';
import { findPrometheus, type PrometheusServer, runPrometheus } from '../support/prometheus.ts';
import { suite } from '../support/suite.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';

const remoteWrite = suite('e2e/remote-write');

const dir = mkdtempSync(join(tmpdir(), 'varve-remote-write-'));
const agentDir = join(dir, 'agent');
const exporterDir = join(dir, 'exporter');
for (const made of [agentDir, exporterDir]) mkdirSync(made);
const programs = findPrometheus(dir);
const nodeExporter = findNodeExporter(exporterDir);
const agents = findPrograms('victoria-metrics', ['vmagent'], agentDir);

/** So much of scraping on either side of the restart. */
const SCRAPES = 4;
const POLL_MS = 100;

let port: number;
let varve: VarveProcess;

remoteWrite.before(async () => {
  port = await freePort();
  varve = await startVarve();
});

remoteWrite.after(async () => {
  assert.is((await varve.stop()).code, 0);
  rmSync(dir, { recursive: true, force: true });
});

function startVarve(): Promise<VarveProcess> {
  return startServer(join(dir, 'varve'), '--http', `127.0.0.1:${port}`, ...QUIET);
}

type Samples = Map<string, readonly (readonly [seconds: number, value: string])[]>;

/** Every sample of a job up to a time, by series; stale markers are not shown. */
async function samplesOf(http: string, job: string, untilS: number): Promise<Samples> {
  const parameters = new URLSearchParams({ query: `{job="${job}"}[1h]`, time: String(untilS) });
  const answer = await fetch(`${http}/api/v1/query?${parameters}`);
  const { data } = (await answer.json()) as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  return new Map(
    data.result
      .map(({ metric, values }): [string, [number, string][]] => {
        return [JSON.stringify(Object.entries(metric).sort()), values];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The times of the scrapes that varve has. */
async function scrapesOf(job: string): Promise<number[]> {
  const samples = await samplesOf(varve.http, job, Date.now() / 1000);
  const up = [...samples].find(([labels]) => labels.includes('["__name__","up"]'));
  return up?.[1].map(([seconds]) => seconds) ?? [];
}

async function scrapesReach(job: string, count: number): Promise<number[]> {
  for (;;) {
    const scrapes = await scrapesOf(job);
    if (scrapes.length >= count) return scrapes;
    await delay(POLL_MS);
  }
}

/** The samples of both sides are the same, of scrapes before and after a restart of varve. */
async function areTheSameOn(http: string, jobs: readonly string[]): Promise<void> {
  const before = await Promise.all(jobs.map((job) => scrapesReach(job, SCRAPES)));
  assert.is((await varve.stop('SIGTERM')).code, 0);
  varve = await startVarve();
  for (const [i, job] of jobs.entries()) {
    const after = await scrapesReach(job, before[i]!.length + SCRAPES);
    // What comes in order is whole up to the last scrape but one.
    await isTheSameOn(http, job, after.at(-2)!);
  }
}

async function isTheSameOn(http: string, job: string, untilS: number): Promise<void> {
  const [ours, theirs] = [
    await samplesOf(varve.http, job, untilS),
    await samplesOf(http, job, untilS),
  ];
  assert.ok(ours.size > 100, `${ours.size} series`);
  assert.equal([...ours.keys()], [...theirs.keys()]);
  for (const [series, values] of theirs) assert.equal(ours.get(series), values, series);
}

const testWith =
  programs === undefined || nodeExporter === undefined ? remoteWrite.skip : remoteWrite;

testWith('a Prometheus that scrapes itself and a node_exporter has the same here', async () => {
  const own = await freePort();
  const exporter = await startNodeExporter(nodeExporter!);
  const config = [
    'global: {scrape_interval: 500ms}',
    'scrape_configs:',
    `  - {job_name: own, static_configs: [{targets: ["127.0.0.1:${own}"]}]}`,
    `  - {job_name: node, static_configs: [{targets: ["${exporter.http}"]}]}`,
    'remote_write:',
    `  - url: http://127.0.0.1:${port}/api/v1/write`,
    '    metadata_config: {send_interval: 1s}',
    '    queue_config: {max_shards: 1, batch_send_deadline: 100ms, max_backoff: 200ms}',
  ].join('\n');
  const options = { name: 'scraping', dir, config, port: own };
  const theirs = await runPrometheus(programs!, options);
  try {
    await areTheSameOn(`http://${theirs.http}`, ['own', 'node']);
    const answer = await fetch(`${varve.http}/api/v1/metadata?metric=prometheus_build_info`);
    const { data } = (await answer.json()) as { data: Record<string, { type: string }[]> };
    assert.is(data['prometheus_build_info']?.[0]?.type, 'gauge');
  } finally {
    await theirs.end();
    await exporter.end();
  }
});

const testAgent = programs === undefined || agents === undefined ? remoteWrite.skip : remoteWrite;

testAgent('vmagent writes the same samples here as to a Prometheus', async () => {
  const flags = ['--web.enable-remote-write-receiver'];
  const theirs = await runPrometheus(programs!, { name: 'receiving', dir, config: '', flags });
  const agent = startAgent(theirs);
  try {
    await areTheSameOn(`http://${theirs.http}`, ['agent']);
  } finally {
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    await theirs.end();
  }
});

function startAgent({ http }: PrometheusServer): ChildProcess {
  const config = join(agentDir, 'scrape.yml');
  writeFileSync(
    config,
    [
      'global: {scrape_interval: 500ms}',
      'scrape_configs:',
      `  - {job_name: agent, static_configs: [{targets: ["${http}"]}]}`,
    ].join('\n'),
  );
  const args = [
    `-promscrape.config=${config}`,
    `-remoteWrite.tmpDataPath=${join(agentDir, 'queue')}`,
    `-remoteWrite.url=http://127.0.0.1:${port}/api/v1/write`,
    `-remoteWrite.url=http://${http}/api/v1/write`,
    '-remoteWrite.queues=1',
    '-remoteWrite.flushInterval=100ms',
    '-httpListenAddr=127.0.0.1:0',
  ];
  const child = spawn(agents!.vmagent, args, { stdio: 'ignore' });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

remoteWrite.run();
