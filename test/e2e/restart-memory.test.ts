// A restart in less memory than the log would fill: the server replays what one with a large
// memtable left behind under a limit that running needs too, and flushes as it goes.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { measure } from '../bench/load/driver.ts';
import { memoryMib } from '../bench/load/process-stats.ts';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';

const restart = suite('e2e/restart-memory');

const MEMTABLE_MIB = 4;
const HEAP_MIB = 64;
/** What two runs of the same server differ by. */
const NOISE_MIB = 24;
const SERIES = 1000;
const ROUNDS_PER_BATCH = 10;
/** Of a time stamp, a value and a series, in a memtable. */
const POINT_BYTES = 20;
const WINDOW_MS = 7_200_000;

const SMALL = [...QUIET, '--set', `storage.memtable.size=${MEMTABLE_MIB}MiB`];
const LARGE = [...QUIET, '--set', 'storage.memtable.size=256MiB'];

/** A server whose heap is limited; it takes its environment from this process. */
async function startLimited(dir: string, args: readonly string[]): Promise<VarveProcess> {
  process.env['NODE_OPTIONS'] = `--max-old-space-size=${HEAP_MIB}`;
  try {
    return await startServer(dir, ...args);
  } finally {
    delete process.env['NODE_OPTIONS'];
  }
}

/** Resolves with how many points were acknowledged; what is in memory stays there. */
async function writePoints(server: VarveProcess, batches: number): Promise<number> {
  const { grpc: address, pid } = server;
  const target = { address, pid, settle: async () => {}, stop: async () => {} };
  const { points } = await measure(target, {
    method: 'stream',
    clients: 1,
    seriesPerClient: SERIES,
    service: 'restart',
    startMs: Math.floor(Date.now() / WINDOW_MS - 12) * WINDOW_MS,
    roundsPerBatch: ROUNDS_PER_BATCH,
    rounds: 4 * ROUNDS_PER_BATCH,
    inFlight: 4,
    pointsPerSecond: 0,
    secondsMax: 60,
    batchesMax: batches,
  });
  return points;
}

async function storedPoints({ http }: VarveProcess): Promise<number> {
  const query = encodeURIComponent('sum(count_over_time({service="restart"}[2d]))');
  const answer = await fetch(`${http}/api/v1/query?query=${query}`);
  const { data } = (await answer.json()) as {
    data: { result: readonly { value: readonly [number, string] }[] };
  };
  return Number(data.result[0]!.value[1]);
}

restart('a restart needs no more memory than running does, whatever the log holds', async () => {
  const running = await startLimited(await tempDir(), SMALL);
  await writePoints(running, 100);
  const runningMib = memoryMib(running.pid).peak;
  await running.stop('SIGKILL');

  const dir = await tempDir();
  const large = await startServer(dir, ...LARGE);
  const written = await writePoints(large, 400);
  await large.stop('SIGKILL');
  const logMib = (written * POINT_BYTES) / 2 ** 20;
  assert.ok(logMib > 3 * NOISE_MIB, 'the log in one memtable would show');

  const again = await startLimited(dir, SMALL);
  const replayMib = memoryMib(again.pid).peak;
  assert.is(await storedPoints(again), written);
  assert.is((await again.stop()).code, 0);
  const figures = `${replayMib} MiB in replay, ${runningMib} MiB running`;
  assert.ok(replayMib < runningMib + NOISE_MIB, figures);
});

restart.run();
