// InfluxDB's client library through a restart of varve: what it was given is what is there.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InfluxDB, Point, type WriteApi } from '@influxdata/influxdb-client';
import * as assert from 'uvu/assert';
import { freePort } from '../support/free-port.ts';
import { suite } from '../support/suite.ts';
import { QUIET, startServer } from '../support/varve-process.ts';

const influxClient = suite('e2e/influx-client');

const HOSTS = 20;
const ROUNDS = 50;
const STEP_MS = 1000;
const START_MS = Math.floor(Date.now() / STEP_MS) * STEP_MS - ROUNDS * STEP_MS;

const FIELDS = {
  temp: (host: number, round: number) => host + Math.sin(round) / 3,
  round: (_host: number, round: number) => round,
} as const;

const dir = mkdtempSync(join(tmpdir(), 'varve-influx-'));

influxClient.after(() => rmSync(dir, { recursive: true, force: true }));

/** Writes the points of the rounds, a line for each host in each. */
function writeRounds(api: WriteApi, from: number, to: number): void {
  for (let round = from; round < to; round++) {
    for (let host = 0; host < HOSTS; host++) {
      const point = new Point('room').tag('host', `h${host}`);
      point.timestamp(START_MS + round * STEP_MS);
      point.floatField('temp', FIELDS.temp(host, round));
      point.intField('round', FIELDS.round(host, round));
      api.writePoint(point);
    }
  }
}

/** Every sample of a field, by host. */
async function samplesOf(http: string, field: string) {
  const parameters = new URLSearchParams({
    query: `room_${field}{db="home"}[1h]`,
    time: String(START_MS / 1000 + ROUNDS),
  });
  const answer = await fetch(`${http}/api/v1/query?${parameters}`);
  const { data } = (await answer.json()) as {
    data: { result: { metric: { host: string }; values: [number, string][] }[] };
  };
  return new Map(
    data.result.map(({ metric, values }) => [
      metric.host,
      values.map(([seconds, value]) => [seconds * 1000, Number(value)]),
    ]),
  );
}

function samplesSent(fieldOf: (host: number, round: number) => number) {
  const rounds = Array.from({ length: ROUNDS }, (_, round) => round);
  return Array.from({ length: HOSTS }, (_, host) => [
    `h${host}`,
    rounds.map((round) => [START_MS + round * STEP_MS, fieldOf(host, round)]),
  ]) as [string, number[][]][];
}

influxClient('what a client writes is there, through a restart in the middle', async () => {
  const port = await freePort();
  const start = () => startServer(join(dir, 'data'), '--http', `127.0.0.1:${port}`, ...QUIET);
  let varve = await start();
  let written = 0;
  let reached = { lines: 0, resolve: () => {} };
  const reach = (lines: number) =>
    new Promise<void>((resolve) => {
      reached = { lines, resolve };
    });
  let onFailure = () => {};
  const failed = new Promise<void>((resolve) => {
    onFailure = resolve;
  });
  const client = new InfluxDB({ url: `http://127.0.0.1:${port}`, token: 'none' });
  const api = client.getWriteApi('o', 'home', 'ms', {
    ...{ batchSize: HOSTS, flushInterval: 20 },
    ...{ minRetryDelay: 50, maxRetryDelay: 200, retryJitter: 0, maxRetries: 1000 },
    writeFailed: () => onFailure(),
    writeSuccess(lines) {
      written += lines.length;
      if (written >= reached.lines) reached.resolve();
    },
  });

  const half = reach((HOSTS * ROUNDS) / 2);
  writeRounds(api, 0, ROUNDS / 2);
  await half;
  assert.is((await varve.stop('SIGTERM')).code, 0);
  const whole = reach(HOSTS * ROUNDS);
  writeRounds(api, ROUNDS / 2, ROUNDS);
  // It has met a closed port, and goes on by itself.
  await failed;
  varve = await start();
  try {
    await whole;
    await api.close();
    for (const [field, fieldOf] of Object.entries(FIELDS)) {
      const stored = await samplesOf(varve.http, field);
      const sent = samplesSent(fieldOf);
      assert.is(stored.size, sent.length);
      for (const [host, samples] of sent) assert.equal(stored.get(host), samples, host);
    }
  } finally {
    await varve.stop();
  }
});

influxClient.run();
