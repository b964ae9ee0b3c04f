// Three servers, six workers of their sweeps, one Redis. Workers and Redis are killed at random
// while points come in, queries are asked and snapshots made; every second a window is due on every
// server. In the end each is gone, dropped once and not before its time, every snapshot that was
// asked for was made once, and whoever wrote or asked has not noticed.

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { decodeServerId } from '../../storage/server-id.ts';
import { createRng, type Rng } from '../sim/rng.ts';
import { connect } from '../support/client.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';

const SERVERS = 3;
const WORKERS = 6;
const WORKER = fileURLToPath(new URL('../support/sweep-worker.js', import.meta.url));
const MINUTE_MS = 60_000;
/** From the writing of the points to the first that is due, ms. */
const LEAD_MS = 3000;

export interface ChaosOutcome {
  readonly workerKills: number;
  readonly redisKills: number;
  readonly windowsDropped: number;
  readonly writes: number;
  readonly queries: number;
  readonly snapshots: number;
  /** From the moment that a window was due to that of its drop, the longest, ms. */
  readonly latestMs: number;
}

/** Kills for `durationMs`. The seed decides what and in which order; when follows the machine. */
export async function runSweepChaos(seed: number, durationMs: number): Promise<ChaosOutcome> {
  const rng = createRng(seed);
  const dir = await tempDir();
  const redis = await startRedis();
  const file = join(dir, 'varve.yaml');
  writeFileSync(file, configWith(redis.url));
  const servers = await Promise.all(
    Array.from({ length: SERVERS }, (_, i) =>
      startServer(join(dir, `data-${i}`), '--config', file, ...QUIET),
    ),
  );
  const fleet = startWorkers(servers, redis);
  try {
    const due = await Promise.all(servers.map((varve) => writeDue(varve, durationMs)));
    const traffic = servers.map(startTraffic);
    const kills = await wreak(rng, fleet, redis, durationMs);
    const drops = due.flatMap((windows, i) =>
      windows.map(({ policy, endMs }) =>
        servers[i]!.logged(new RegExp(`"policy":"${policy}".*"endMs":${endMs},.*window dropped`)),
      ),
    );
    await Promise.all(drops);
    const sums = await Promise.all(traffic.map((one) => one.stop()));
    const ends = await Promise.all(servers.map((varve) => varve.stop()));
    for (const [i, { snapshots }] of sums.entries()) {
      const made = readdirSync(join(servers[i]!.dataDir, 'snapshots'));
      assert.is(made.length, snapshots, 'each snapshot that was asked for is made once');
    }
    const latestMs = due.map((windows, i) => checkDrops(windows, ends[i]!.stderr));
    return {
      ...kills,
      windowsDropped: drops.length,
      writes: sums.reduce((sum, { writes }) => sum + writes, 0),
      queries: sums.reduce((sum, { queries }) => sum + queries, 0),
      snapshots: sums.reduce((sum, { snapshots }) => sum + snapshots, 0),
      latestMs: Math.max(...latestMs),
    };
  } catch (error) {
    throw new Error(`SEED=${seed}: ${(error as Error).message}`, { cause: error });
  } finally {
    fleet.stop();
    for (const { child } of servers) child.kill('SIGKILL');
    await redis.kill();
  }
}

/** A policy for each second of a minute: between them, a window of a minute is due every second. */
function configWith(redisUrl: string): string {
  const policies = Array.from({ length: 60 }, (_, second) => {
    const keep = `${60 + second}s`;
    return `  - {name: due-${second}, match: '{second="${second}"}', keep: ${keep}, window: 1m}`;
  });
  return [
    `retention:\n  redis: ${redisUrl}\n  sweep_every: 1s\n  policies:`,
    ...policies,
    "  - {name: rest, match: '{}', keep: forever}\n",
  ].join('\n');
}

interface DueWindow {
  readonly policy: string;
  readonly endMs: number;
  readonly dueMs: number;
}

/** Writes a point to each window that is due from LEAD_MS on; those that were taken. */
async function writeDue({ grpc, http }: VarveProcess, durationMs: number): Promise<DueWindow[]> {
  const client = connect(grpc);
  const due: DueWindow[] = [];
  const startMs = Math.ceil((Date.now() + LEAD_MS) / 1000) * 1000;
  for (let dueMs = startMs; dueMs < startMs + durationMs; dueMs += 1000) {
    const endMs = Math.floor((dueMs - MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
    const second = String((dueMs - endMs - MINUTE_MS) / 1000);
    const labels = [
      { name: '__name__', value: 'due' },
      { name: 'second', value: second },
    ];
    const series = [{ labels, timestampsMs: [BigInt(endMs - 1)], values: [dueMs] }];
    // On a machine that stood still meanwhile it may be past its keep, and is refused.
    const { accepted } = await client.write({ series });
    if (accepted === 1n) due.push({ policy: `due-${second}`, endMs, dueMs });
  }
  client.close();
  await post(`${http}/api/v1/admin/flush`);
  return due;
}

/** Writes and asks one after the other until it is stopped; whatever fails, fails `stop`. */
function startTraffic({ grpc, http }: VarveProcess) {
  const client = connect(grpc);
  const labels = [{ name: '__name__', value: 'traffic' }];
  const firstMs = Date.now() - 1000;
  let isStopped = false;
  const sums = { writes: 0, queries: 0, snapshots: 0 };

  async function run(): Promise<void> {
    while (!isStopped) {
      const timestampsMs = [BigInt(firstMs - sums.writes)];
      const { accepted } = await client.write({ series: [{ labels, timestampsMs, values: [1] }] });
      assert.is(accepted, 1n);
      sums.writes++;
      if (sums.writes % 4 === 0) await ask();
      if (sums.writes % 32 === 0) await snapshot();
      await after(10);
    }
    await ask();
    await snapshot();
  }

  /** At the time of the newest point: what is owed does not depend on any clock. */
  async function ask(): Promise<void> {
    const query = 'count_over_time(traffic[1d])';
    const parameters = new URLSearchParams({ query, time: String(firstMs / 1000) });
    const response = await fetch(`${http}/api/v1/query?${parameters}`);
    const text = await response.text();
    assert.ok(response.ok, `a query is refused: ${text}`);
    const { data } = JSON.parse(text) as {
      data: { result: readonly { value: readonly [number, string] }[] };
    };
    const found = Number(data.result[0]?.value[1] ?? 0);
    assert.is(found, sums.writes, `not every acknowledged point is there: ${text}`);
    sums.queries++;
  }

  async function snapshot(): Promise<void> {
    await post(`${http}/api/v1/admin/tsdb/snapshot`);
    sums.snapshots++;
  }

  const ended = run();
  // Told by `stop`.
  ended.catch(() => {});
  return {
    async stop() {
      isStopped = true;
      await ended.finally(() => client.close());
      return sums;
    },
  };
}

interface Fleet {
  /** kill -9 of one, and another in its place. */
  replace(index: number): void;
  stop(): void;
}

function startWorkers(servers: readonly VarveProcess[], redis: RedisServer): Fleet {
  const begin = (index: number): ChildProcess => {
    const { http, dataDir } = servers[index % SERVERS]!;
    const serverId = decodeServerId(readFileSync(join(dataDir, 'server-id'), 'utf8'))!;
    return spawn(process.execPath, [WORKER, redis.url, serverId, http], { stdio: 'ignore' });
  };
  const workers = Array.from({ length: WORKERS }, (_, index) => begin(index));
  const stop = () => {
    for (const worker of workers) worker.kill('SIGKILL');
  };
  process.once('exit', stop);
  return {
    replace(index) {
      workers[index]!.kill('SIGKILL');
      workers[index] = begin(index);
    },
    stop,
  };
}

async function wreak(rng: Rng, fleet: Fleet, redis: RedisServer, durationMs: number) {
  const endMs = performance.now() + durationMs;
  const kills = { workerKills: 0, redisKills: 0 };
  while (performance.now() < endMs) {
    await after(rng.below(1500));
    if (rng.chance(0.7)) {
      fleet.replace(rng.below(WORKERS));
      kills.workerKills++;
    } else {
      await redis.kill();
      await after(rng.below(3000));
      await redis.start();
      kills.redisKills++;
    }
  }
  return kills;
}

/** Each window once, none before it was due and no other; how late the latest was, ms. */
function checkDrops(due: readonly DueWindow[], log: string): number {
  const dueMs = new Map(due.map((window) => [`${window.policy}/${window.endMs}`, window.dueMs]));
  let latestMs = 0;
  for (const line of log.split('\n').filter((text) => text.includes('"window dropped"'))) {
    const { policy, endMs, time } = JSON.parse(line);
    const key = `${policy}/${endMs}`;
    const at = dueMs.get(key);
    assert.ok(at !== undefined, `${key} is dropped twice, or was not due`);
    dueMs.delete(key);
    const lateMs = Date.parse(time) - at;
    assert.ok(lateMs >= 0, `${key} is dropped ${-lateMs} ms before it is due`);
    latestMs = Math.max(latestMs, lateMs);
  }
  assert.is(dueMs.size, 0, 'every window that was due is gone');
  return latestMs;
}

async function post(url: string): Promise<void> {
  assert.ok((await fetch(url, { method: 'POST' })).ok, url);
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
