// A real server on a small file system that fills up under it and is freed again, and on one whose
// fsync fails from outside. Needs mount(8), or strace(1), and the right to use them.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceError } from '@grpc/grpc-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type TestClient, type WriteInit } from '../support/client.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';

const hardDisk = suite('e2e/hard-disk');

const UNAVAILABLE = 14;
const SERIES = 500;
const START_MS = Math.floor(Date.now() / 1000) * 1000 - 6 * 3_600_000;
const MIB = 2 ** 20;
const SMALL = [
  ...QUIET,
  ...['--set', 'storage.memtable.size=1MiB'],
  ...['--set', 'storage.reserve=2MiB'],
  ...['--set', 'storage.block_cache=1MiB'],
];
/** Far more than it takes: a server that does not recover is found out, a slow machine is not. */
const PATIENCE_MS = 60_000;

const valueAt = (series: number, index: number) => Math.sin(series * 7919 + index);

function batch(index: number): WriteInit {
  const refs = Array.from({ length: SERIES }, (_, series) => series);
  return {
    sequence: BigInt(index),
    definitions: refs.map((ref) => ({
      ref,
      labels: [
        { name: '__name__', value: 'hard_disk' },
        { name: 'series', value: String(ref) },
      ],
    })),
    columns: {
      refs,
      timestampsMs: refs.map(() => BigInt(START_MS + index * 1000)),
      values: refs.map((series) => valueAt(series, index)),
    },
  };
}

/** Streams batches from `first` on until the stream ends; the error, and how many were answered. */
function streamUntilRefused(
  client: TestClient,
  first: number,
): Promise<{ acked: number; error: ServiceError }> {
  return new Promise((resolve) => {
    const stream = client.writeStream();
    let sent = 0;
    let acked = 0;
    const sendMore = () => {
      while (sent - acked < 4) stream.write(batch(first + sent++));
    };
    stream.on('data', () => {
      acked++;
      sendMore();
    });
    stream.on('error', (error: ServiceError) => resolve({ acked, error }));
    sendMore();
  });
}

/** Sends one batch again and again until it is taken; how long that took, ms. */
async function writeUntilTaken(client: TestClient, index: number): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    try {
      await client.write(batch(index));
      return performance.now() - startMs;
    } catch (error) {
      if (performance.now() - startMs > PATIENCE_MS) throw error;
      await delay(50);
    }
  }
}

/** Every value that is there is right, and every batch of `acked` is there. */
async function verify(client: TestClient, acked: ReadonlySet<number>): Promise<void> {
  const found = new Map<number, number>();
  const seriesOf = new Map<number, number>();
  const responses = await client.scanRange({
    selectors: ['hard_disk'],
    startMs: BigInt(START_MS),
    endMs: BigInt(START_MS + 1e9),
  });
  for (const { definitions, columns } of responses) {
    for (const { ref, labels } of definitions) {
      seriesOf.set(ref, Number(labels.find(({ name }) => name === 'series')?.value));
    }
    for (let i = 0; i < (columns?.refs.length ?? 0); i++) {
      const index = (Number(columns!.timestampsMs[i]!) - START_MS) / 1000;
      const want = valueAt(seriesOf.get(columns!.refs[i]!)!, index);
      if (columns!.values[i] !== want) assert.unreachable(`batch ${index} has a wrong value`);
      found.set(index, (found.get(index) ?? 0) + 1);
    }
  }
  for (const index of acked) assert.is(found.get(index), SERIES, `batch ${index} is lost`);
}

async function metric(server: VarveProcess, name: string): Promise<string | undefined> {
  const text = await (await fetch(`${server.http}/metrics`)).text();
  return text
    .split('\n')
    .find((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
}

function mounted(dir: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dir]).status === 0;
}

/** Takes all of the space but `leaveBytes`. */
function fillUp(dir: string, leaveBytes: number): void {
  const { bavail, bsize } = statfsSync(dir);
  try {
    writeFileSync(join(dir, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes), 1));
  } catch (error) {
    // The server has taken the rest meanwhile: all the same to us.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

hardDisk('a disk that fills up under a stream refuses it, and is written to again', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'varve-disk-'));
  if (!mounted(dir)) return console.log('skipped: a tmpfs cannot be mounted here');
  const dataDir = join(dir, 'data');
  const acked = new Set<number>();
  const addAcked = (first: number, count: number) => {
    for (let index = first; index < first + count; index++) acked.add(index);
  };
  let server: VarveProcess | undefined;
  try {
    server = await startServer(dataDir, ...SMALL);
    let client = connect(server.grpc);
    await client.write(batch(0));
    addAcked(0, 1);
    fillUp(dir, MIB);
    const { acked: count, error } = await streamUntilRefused(client, 1);
    addAcked(1, count);
    assert.is(error.code, UNAVAILABLE, error.message);
    assert.match(error.details, 'is full');
    const details = String(error.metadata.get('grpc-status-details-bin')[0]);
    assert.match(details, 'google.rpc.RetryInfo');
    assert.is(await metric(server, 'varve_storage_read_only'), 'varve_storage_read_only 1');
    await verify(client, acked);
    rmSync(join(dir, 'ballast'));
    const resumedMs = await writeUntilTaken(client, 5000);
    addAcked(5000, 1);
    await verify(client, acked);

    fillUp(dir, 0);
    client.close();
    await server.stop('SIGKILL');
    rmSync(join(dataDir, 'RESERVE'), { force: true });
    fillUp(dir, 0);
    server = await startServer(dataDir, ...SMALL);
    client = connect(server.grpc);
    await verify(client, acked);
    rmSync(join(dir, 'ballast'));
    const startedMs = await writeUntilTaken(client, 5001);
    addAcked(5001, 1);
    client.close();
    await server.stop('SIGKILL');
    server = await startServer(dataDir, ...SMALL);
    client = connect(server.grpc);
    await verify(client, acked);
    client.close();
    const times = [resumedMs, startedMs].map((ms) => Math.round(ms)).join(' and ');
    console.log(`${count} batches before it was full; written to again after ${times} ms`);
  } finally {
    await server?.stop('SIGKILL');
    spawnSync('umount', [dir]);
    rmSync(dir, { recursive: true, force: true });
  }
});

hardDisk('an fsync that fails from outside is acknowledged to nobody, and mended', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'varve-fsync-'));
  const dataDir = join(dir, 'data');
  let server = await startServer(dataDir, ...SMALL);
  let tracer: ChildProcess | undefined;
  try {
    let client = connect(server.grpc);
    await client.write(batch(0));
    tracer = await tracing(server.pid, 'fdatasync:error=EIO:when=5..6');
    if (tracer === undefined) return console.log('skipped: strace cannot attach here');
    const { acked: count, error } = await streamUntilRefused(client, 1);
    assert.is(error.code, UNAVAILABLE, error.message);
    const mendedMs = await writeUntilTaken(client, 5000);
    const acked = new Set([5000, ...Array.from({ length: count + 1 }, (_, index) => index)]);
    await verify(client, acked);
    tracer.kill('SIGINT');
    client.close();
    await server.stop('SIGKILL');
    server = await startServer(dataDir, ...SMALL);
    client = connect(server.grpc);
    await verify(client, acked);
    client.close();
    console.log(`${count} batches before the fsync failed; mended in ${Math.round(mendedMs)} ms`);
  } finally {
    tracer?.kill('SIGKILL');
    await server.stop('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});

/** strace on all threads of `pid` once it has attached, or undefined when it cannot. */
function tracing(pid: number, injection: string): Promise<ChildProcess | undefined> {
  const args = ['-f', '-p', String(pid), '-e', 'trace=fdatasync', '-e', `inject=${injection}`];
  const child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((resolve) => {
    child.on('error', () => resolve(undefined));
    child.on('exit', () => resolve(undefined));
    child.stderr.on('data', (text: Buffer) => {
      if (text.toString().includes('attached')) resolve(child);
    });
  });
}

hardDisk.run();
