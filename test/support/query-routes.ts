// The HTTP API over a few series, and what asks it.

import { once } from 'node:events';
import * as assert from 'uvu/assert';
import type { Storage } from '../../storage/index.ts';
import {
  type QueryServer,
  type QueryServerOptions,
  startQueryServer,
  storageWith,
} from './query-server.ts';

export const POINTS = [
  'up{job="a",instance="1"} 1 2 3 4 5',
  'up{job="b",instance="2"} 10 _ 30 _ 50',
  'requests_total{job="a"} 0 30 60 90 120',
  '{"odd name","with.dot"="x"} 1',
];

/** Runs `task` on a server of these points, at their last minute. */
export async function withServer(
  task: (server: QueryServer) => Promise<void>,
  options: QueryServerOptions = {},
): Promise<void> {
  const storage = options.storage ?? (await storageWith(60_000, ...POINTS));
  const server = await startQueryServer({ nowMs: 240_000, ...options, storage });
  try {
    await task(server);
  } finally {
    await server.close();
  }
}

export async function get(
  server: QueryServer,
  path: string,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(server.url + path);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  return { status: response.status, body: await response.json() };
}

export function data(value: unknown): object {
  return { status: 200, body: { status: 'success', data: value } };
}

export const UP_A = { __name__: 'up', instance: '1', job: 'a' };
export const UP_B = { __name__: 'up', instance: '2', job: 'b' };

/** A storage whose scans stand still until they are aborted. */
export async function stuckStorage(started: () => void): Promise<Storage> {
  const storage = await storageWith(60_000, ...POINTS);
  return {
    ...storage,
    async *scan({ signal }) {
      started();
      await once(signal!, 'abort');
      signal!.throwIfAborted();
      yield [];
    },
  };
}
