// Backup and restore as users do them: a snapshot while a client writes, by the command and over
// HTTP, and a server on what was restored from it.

import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { connect, type TestClient, type WriteInit } from '../support/client.ts';
import { flipBit } from '../support/damage.ts';
import { suite } from '../support/suite.ts';
import { QUIET, runVarve, startServer, type VarveProcess } from '../support/varve-process.ts';

const e2e = suite('e2e/snapshot');

const SERIES = 50;
const START_MS = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
const valueAt = (series: number, index: number) => series * 1e6 + index;

let dir: string;
let server: VarveProcess;
let client: TestClient;
e2e.before.each(async () => {
  dir = mkdtempSync(join(tmpdir(), 'varve-snapshot-'));
  server = await startServer(join(dir, 'data'), ...QUIET);
  client = connect(server.grpc);
});
e2e.after.each(async () => {
  client.close();
  await server.stop('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

function batch(index: number): WriteInit {
  const refs = Array.from({ length: SERIES }, (_, series) => series);
  return {
    definitions: refs.map((ref) => ({
      ref,
      labels: [
        { name: '__name__', value: 'snap' },
        { name: 'series', value: String(ref) },
      ],
    })),
    columns: {
      refs,
      timestampsMs: refs.map(() => BigInt(START_MS + index * 10)),
      values: refs.map((series) => valueAt(series, index)),
    },
  };
}

/** Writes batch after batch until told to stop; says how many are acknowledged. */
function load(): { acked(): number; stop(): Promise<void> } {
  let acked = 0;
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await client.write(batch(acked));
      acked++;
    }
  })();
  return {
    acked: () => acked,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/** How many batches from the first on are whole; every value is what was sent. */
async function wholeBatches(address: string): Promise<number> {
  const reader = connect(address);
  const responses = await reader.scanRange({
    selectors: ['snap'],
    startMs: BigInt(START_MS),
    endMs: BigInt(START_MS + 3_600_000),
  });
  reader.close();
  const seriesOf = new Map<number, number>();
  const counts = new Map<number, number>();
  for (const { definitions, columns } of responses) {
    for (const { ref, labels } of definitions) {
      seriesOf.set(ref, Number(labels.find(({ name }) => name === 'series')?.value));
    }
    for (const [i, ref] of (columns?.refs ?? []).entries()) {
      const index = (Number(columns!.timestampsMs[i]) - START_MS) / 10;
      assert.is(columns!.values[i], valueAt(seriesOf.get(ref)!, index));
      counts.set(index, (counts.get(index) ?? 0) + 1);
    }
  }
  let whole = 0;
  while (counts.get(whole) === SERIES) whole++;
  return whole;
}

async function restoredBatches(snapshot: string, name: string): Promise<number> {
  const data = join(dir, name);
  const restored = await runVarve('restore', snapshot, '--data', data);
  assert.is(restored.code, 0, restored.stderr);
  const other = await startServer(data, ...QUIET);
  try {
    return await wholeBatches(other.grpc);
  } finally {
    await other.stop();
  }
}

e2e('what was acknowledged before a snapshot under load is in it', async () => {
  const writing = load();
  while (writing.acked() < 20) await client.write(batch(0));
  const ackedBefore = writing.acked();
  const backup = join(dir, 'backup');
  const made = await runVarve('snapshot', '--http', server.http, backup);
  assert.is(made.code, 0, made.stderr);
  assert.match(made.stdout, new RegExp(`^\\d+ files, [0-9.]+ MiB in ${backup}\\n$`));
  assert.is(made.stderr, '', 'no progress but on a terminal');
  await writing.stop();
  assert.equal(readdirSync(join(dir, 'data/snapshots')), [], 'nothing is left with the server');
  const [table] = readdirSync(backup, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.sst'),
  );
  assert.is(statSync(join(backup, table!)).nlink, 2, 'a link, no copy');
  const batches = await restoredBatches(backup, 'restored');
  assert.ok(batches >= ackedBefore, `${batches} of ${ackedBefore}`);

  const path = join(backup, table!);
  const bytes = readFileSync(path);
  writeFileSync(path, flipBit(bytes, bytes.length >> 1));
  const refused = await runVarve('restore', backup, '--data', join(dir, 'other'));
  assert.is(refused.code, 1);
  assert.match(refused.stderr, `varve: ${path} is damaged at byte 0: expected SHA-256`);
  assert.not(existsSync(join(dir, 'other')));
  const inspected = await runVarve('inspect', backup, '--verify');
  assert.is(inspected.code, 1);
  assert.match(inspected.stdout, `${path} is damaged at byte 0: expected SHA-256`);
});

async function ask(method: string, query: string) {
  const url = `${server.http}/api/v1/admin/tsdb/snapshot${query}`;
  const response = await fetch(url, { method });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

e2e('Prometheus’s snapshot call makes one that lasts over restarts', async () => {
  await client.write(batch(0));
  const { status, body } = await ask('POST', '');
  assert.is(status, 200);
  const { name } = body['data'] as { name: string };
  assert.match(name, /^\d{8}T\d{6}Z-[0-9a-f]{16}$/);
  assert.equal(body, { status: 'success', data: { name } });
  await client.write(batch(1));
  const headless = await ask('PUT', '?skip_head=true');
  const other = (headless.body['data'] as { name: string }).name;
  const wrong = await ask('POST', '?skip_head=maybe');
  assert.is(wrong.status, 400);
  assert.match(String(wrong.body['error']), 'skip_head');
  await server.stop('SIGKILL');
  server = await startServer(join(dir, 'data'), ...QUIET);
  const snapshots = join(dir, 'data/snapshots');
  assert.equal(readdirSync(snapshots).sort(), [name, other].sort());
  assert.is(await restoredBatches(join(snapshots, name), 'first'), 1);
  assert.is(await restoredBatches(join(snapshots, other), 'second'), 1, 'not what was in memory');
});

e2e.run();
