// A real redis-server on a free port of 127.0.0.1, with nothing on disk. It can be killed, started
// again on the same port, empty, and frozen so that it takes connections but never answers.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { Worker } from 'bullmq';
import { freePort } from './free-port.ts';

export interface RedisServer {
  readonly url: string;
  /** SIGKILL; resolves once the process is gone. */
  kill(): Promise<void>;
  /** Starts it again after `kill`; resolves once it takes connections. */
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  let child = await spawnRedis(port);
  return {
    url: `redis://127.0.0.1:${port}`,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
    async start() {
      child = await spawnRedis(port);
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}

/** A URL that nothing listens at. */
export async function absentRedisUrl(): Promise<string> {
  return `redis://127.0.0.1:${await freePort()}`;
}

/**
 * Has a worker take the next job of a queue and never be heard of again, as if it were killed;
 * resolves once the job is found to be left, and waits for others.
 */
export async function abandon(queue: string, url: string): Promise<{ close(): Promise<void> }> {
  const connection = { url };
  const dead = new Worker(queue, undefined, { connection, lockDuration: 50 });
  if ((await dead.getNextJob('token')) === undefined) throw new Error(`${queue} has no job`);
  // Workers of a server look for such jobs only every 30 s.
  const finder = new Worker(queue, undefined, { connection, stalledInterval: 50 });
  const found = once(finder, 'stalled');
  await finder.startStalledCheckTimer();
  await found;
  return { close: async () => void (await Promise.all([dead.close(true), finder.close(true)])) };
}

async function spawnRedis(port: number): Promise<ChildProcess> {
  const options = { bind: '127.0.0.1', port, save: '', appendonly: 'no', dir: tmpdir() };
  const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]);
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  // A test that dies leaves no server behind.
  process.once('exit', () => child.kill('SIGKILL'));
  const failed = once(child, 'error').then(([error]) => {
    throw new Error('redis-server does not start: run test/setup.sh', { cause: error });
  });
  await Promise.race([isReady(child), failed]);
  return child;
}

async function isReady(child: ChildProcess): Promise<void> {
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout!)) {
    lines.push(line);
    if (line.includes('Ready to accept connections')) {
      child.stdout!.resume();
      return;
    }
  }
  throw new Error(`redis-server ended:\n${lines.join('\n')}`);
}
