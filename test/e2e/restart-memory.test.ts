// A restart in less memory than the log would fill: the server replays what one with a large
// memtable left behind under a limit that running needs too, and flushes as it goes.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryMib } from '../bench/load/process-stats.ts';
import { connect } from '../support/client.ts';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';

const restart = suite('e2e/restart-memory');

const MEMTABLE_MIB = 4;
const HEAP_MIB = 64;
/** What two runs of the same server differ by. */
const NOISE_MIB = 12;
const SERIES = 2000;
const RUNNING_BATCHES = 8;
const BATCHES = 30;
const POINTS_PER_BATCH = 50_000;
const POINT_BYTES = 24;

/** A server whose heap is limited; it takes its environment from this process. */
async function startLimited(dir: string, args: readonly string[]): Promise<VarveProcess> {
  process.env['NODE_OPTIONS'] = `--max-old-space-size=${HEAP_MIB}`;
  try {
    return await startServer(dir, ...args);
  } finally {
    delete process.env['NODE_OPTIONS'];
  }
}

async function writePoints(server: VarveProcess, batches: number): Promise<void> {
  const client = connect(server.grpc);
  const nowMs = Date.now();
  const definitions = Array.from({ length: SERIES }, (_, ref) => ({
    ref,
    labels: [
      { name: '__name__', value: 'load' },
      { name: 'series', value: `s${ref}` },
    ],
  }));
  const refs = Array.from({ length: POINTS_PER_BATCH }, (_, i) => i % SERIES);
  const values = refs.map((ref) => ref / 3);
  for (let batch = 0; batch < batches; batch++) {
    const firstMs = nowMs - (batches - batch) * 1000;
    const timestampsMs = refs.map((_, i) => BigInt(firstMs + Math.floor(i / SERIES)));
    await client.write({ definitions, columns: { refs, timestampsMs, values } });
  }
  client.close();
}

async function storedPoints({ http }: VarveProcess): Promise<number> {
  const query = encodeURIComponent('sum(count_over_time(load[5m]))');
  const answer = await fetch(`${http}/api/v1/query?query=${query}`);
  const { data } = (await answer.json()) as {
    data: { result: readonly { value: readonly [number, string] }[] };
  };
  return Number(data.result[0]!.value[1]);
}

restart('a restart needs no more memory than running does, whatever the log holds', async () => {
  const small = [...QUIET, '--set', `storage.memtable.size=${MEMTABLE_MIB}MiB`];
  const running = await startLimited(await tempDir(), small);
  await writePoints(running, RUNNING_BATCHES);
  const runningMib = memoryMib(running.pid).peak;
  await running.stop('SIGKILL');

  const dir = await tempDir();
  const large = await startServer(dir, ...QUIET, '--set', 'storage.memtable.size=256MiB');
  await writePoints(large, BATCHES);
  await large.stop('SIGKILL');

  const again = await startLimited(dir, small);
  const replayMib = memoryMib(again.pid).peak;
  assert.is(await storedPoints(again), BATCHES * POINTS_PER_BATCH);
  await again.stop();
  const logMib = (BATCHES * POINTS_PER_BATCH * POINT_BYTES) / 2 ** 20;
  assert.ok(logMib > 2 * NOISE_MIB, 'the log in one memtable would show');
  const figures = `${replayMib} MiB in replay, ${runningMib} MiB running`;
  assert.ok(replayMib < runningMib + NOISE_MIB, figures);
});

restart.run();
