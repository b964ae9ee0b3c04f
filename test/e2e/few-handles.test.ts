// A server that may have hardly any open files, with more tables than that.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type TestClient } from '../support/client.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';

const e2e = suite('e2e/few-handles');

/** Beyond those that Node, its threads, sockets and the engine's own files take. */
const HANDLES_SPARE = 25;
const WINDOWS = 150;
const HOUR_MS = 3_600_000;
const START_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - WINDOWS * HOUR_MS;

/** One point in every window of an hour. */
async function writeAll(client: TestClient, value: number): Promise<void> {
  const labels = ['__name__', 'few', 'env', 'few'];
  const timestampsMs = Array.from({ length: WINDOWS }, (_, i) => BigInt(START_MS + i * HOUR_MS));
  await client.write({
    series: [
      {
        labels: [0, 2].map((at) => ({ name: labels[at]!, value: labels[at + 1]! })),
        timestampsMs,
        values: timestampsMs.map(() => value),
      },
    ],
  });
}

async function valuesOf(client: TestClient): Promise<number[]> {
  const responses = await client.scanRange({
    selectors: ['few'],
    startMs: BigInt(START_MS),
    endMs: BigInt(Date.now()),
  });
  return responses.flatMap(({ columns }) => columns?.values ?? []);
}

async function metric(server: VarveProcess, name: string): Promise<number> {
  const text = await (await fetch(`${server.http}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

async function flush(server: VarveProcess): Promise<void> {
  const answer = await fetch(`${server.http}/api/v1/admin/flush`, { method: 'POST' });
  assert.is(answer.status, 200, await answer.text());
}

/** From now on the process gets no more; Node itself needs some hundred to start. */
function limitHandles({ pid }: VarveProcess): void {
  const handles = readdirSync(`/proc/${pid}/fd`).length + HANDLES_SPARE;
  const limit = `--nofile=${handles}:${handles}`;
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), limit]);
  assert.is(status, 0, String(stderr));
}

e2e('flushes, reads and merges go on with fewer handles than there are tables', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'varve-handles-'));
  const policies = 'retention.policies=[{name: all, match: "{}", keep: forever, window: 1h}]';
  const server = await startServer(
    ...([join(dir, 'data'), ...QUIET, '--set', policies] as const),
    ...['--set', 'storage.block_cache=0'],
  );
  const client = connect(server.grpc);
  try {
    await writeAll(client, 1);
    await flush(server);
    limitHandles(server);
    assert.equal(await valuesOf(client), Array(WINDOWS).fill(1));
    assert.ok((await metric(server, 'varve_table_handles_exhausted_total')) > 0, 'it ran out');
    await writeAll(client, 2);
    await flush(server);
    for (const _ of [1, 2]) assert.equal(await valuesOf(client), Array(WINDOWS).fill(2));
    const compacted = await fetch(`${server.http}/api/v1/admin/compact`, { method: 'POST' });
    assert.is(compacted.status, 200, await compacted.text());
    assert.is(await metric(server, 'varve_storage_tables'), WINDOWS);
    assert.equal(await valuesOf(client), Array(WINDOWS).fill(2));
    assert.is(await metric(server, 'varve_storage_read_only'), 0);
    assert.is(await metric(server, 'varve_storage_disk_troubles_total'), 0);
    assert.is(await metric(server, 'varve_storage_corruptions_total'), 0);
    const { code, stderr } = await server.stop();
    assert.is(code, 0, stderr);
  } finally {
    client.close();
    await server.stop('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});

e2e.run();
