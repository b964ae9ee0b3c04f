// kill -9 under load, again and again on one data directory. Every value follows from its series
// and timestamp, so that each point read back proves itself: nothing acknowledged may be missing,
// nothing may appear that was never sent.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type TestClient, type WriteInit } from '../support/client.ts';
import { QUIET, startServer } from '../support/varve-process.ts';

const kill = suite('e2e/kill');

/** `KILLS=100 make test ARGS=e2e/kill` goes on for longer. */
const ROUNDS = Number(process.env['KILLS'] ?? 50);
const SERIES = 500;
const STEP_MS = 1000;
/** Far above what a round sends, so that rounds never share a timestamp. */
const ROUND_BATCHES_MAX = 600;
const ROUND_MS = ROUND_BATCHES_MAX * STEP_MS;
const IN_FLIGHT_MAX = 8;
/** Full after some 87 batches: rounds are killed before, while and after memtables are flushed. */
const SMALL_MEMTABLE = [...QUIET, '--set', 'storage.memtable.size=1MiB'];

const valueAt = (series: number, timestampMs: number) => (series * 7919 + timestampMs / 1000) % 1e6;

interface Sent {
  readonly startMs: number;
  readonly batchesSent: number;
  readonly batchesAcked: number;
  /** From the first batch to the kill. */
  readonly writingMs: number;
}

kill(`loses nothing and invents nothing over ${ROUNDS} kills under load`, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'varve-kill-'));
  // The last round ends in the past: what is far ahead of the clock is refused.
  const baseMs = Math.floor(Date.now() / STEP_MS) * STEP_MS - (ROUNDS + 1) * ROUND_MS;
  const sent: Sent[] = [];
  const readyMs: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const server = await startServer(dataDir, ...SMALL_MEMTABLE);
      readyMs.push(server.readyMs);
      const client = connect(server.grpc);
      const last = sent.at(-1);
      if (last !== undefined) await verify(client, [last]);
      const acksBeforeKill = 10 + ((round * 37) % 90);
      sent.push(
        await writeUntilKilled(client, baseMs + round * ROUND_MS, acksBeforeKill, () =>
          server.stop('SIGKILL'),
        ),
      );
      client.close();
    }
    const server = await startServer(dataDir, ...SMALL_MEMTABLE);
    const client = connect(server.grpc);
    await verify(client, sent);
    client.close();
    assert.is((await server.stop()).code, 0);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
  const acked = sent.reduce((total, { batchesAcked }) => total + batchesAcked * SERIES, 0);
  const writingMs = sent.reduce((total, round) => total + round.writingMs, 0);
  const perSecond = Math.round((acked / writingMs) * 1000);
  readyMs.sort((a, b) => a - b);
  const [medianMs, maxMs] = [readyMs[ROUNDS >> 1]!, readyMs.at(-1)!].map(Math.round);
  console.log(`${acked} points acknowledged, ${perSecond} a second`);
  console.log(`ready in ${medianMs} ms (median), ${maxMs} ms at most`);
});

/** Streams batches, a few in flight, and kills the server after `acksBeforeKill` answers. */
function writeUntilKilled(
  client: TestClient,
  startMs: number,
  acksBeforeKill: number,
  killServer: () => Promise<unknown>,
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const stream = client.writeStream();
    const beginMs = performance.now();
    let writingMs = 0;
    let batchesSent = 0;
    let batchesAcked = 0;
    let killed: Promise<unknown> | undefined;
    const sendMore = () => {
      while (killed === undefined && batchesSent - batchesAcked < IN_FLIGHT_MAX) {
        stream.write(batch(startMs, batchesSent));
        batchesSent++;
      }
    };
    stream.on('data', ({ sequence, accepted }: { sequence: bigint; accepted: bigint }) => {
      if (sequence !== BigInt(batchesAcked) || accepted !== BigInt(SERIES)) {
        reject(new Error(`answer ${sequence} accepts ${accepted} after ${batchesAcked} answers`));
      }
      batchesAcked++;
      if (batchesAcked === acksBeforeKill) {
        writingMs = performance.now() - beginMs;
        killed = killServer();
      }
      sendMore();
    });
    stream.on('error', (error) => {
      if (killed === undefined) return reject(error);
      void killed.then(() => resolve({ startMs, batchesSent, batchesAcked, writingMs }));
    });
    sendMore();
  });
}

function batch(startMs: number, index: number): WriteInit {
  const refs = Array.from({ length: SERIES }, (_, series) => series);
  const timestampMs = startMs + index * STEP_MS;
  return {
    sequence: BigInt(index),
    definitions: index > 0 ? [] : refs.map((ref) => ({ ref, labels: labelsOf(ref) })),
    columns: {
      refs,
      timestampsMs: refs.map(() => BigInt(timestampMs)),
      values: refs.map((series) => valueAt(series, timestampMs)),
    },
  };
}

function labelsOf(series: number) {
  return [
    { name: '__name__', value: 'kill_test' },
    { name: 'series', value: String(series) },
  ];
}

async function verify(client: TestClient, rounds: readonly Sent[]): Promise<void> {
  const startMs = rounds[0]!.startMs;
  const endMs = rounds.at(-1)!.startMs + ROUND_MS - 1;
  const found = await findPoints(client, startMs, endMs);
  for (const { startMs: roundMs, batchesSent, batchesAcked } of rounds) {
    const first = (roundMs - startMs) / STEP_MS;
    for (let index = 0; index < ROUND_BATCHES_MAX; index++) {
      for (let series = 0; series < SERIES; series++) {
        const isThere = found[(first + index) * SERIES + series] === 1;
        if (isThere && index >= batchesSent) {
          assert.unreachable(`never sent: series ${series}, batch ${index} of ${roundMs}`);
        }
        if (!isThere && index < batchesAcked) {
          assert.unreachable(`lost: series ${series}, batch ${index} of ${roundMs}`);
        }
      }
    }
  }
}

/** One byte for each timestamp and series: 1 where there is a point, which has its right value. */
async function findPoints(client: TestClient, startMs: number, endMs: number): Promise<Uint8Array> {
  const found = new Uint8Array(((endMs + 1 - startMs) / STEP_MS) * SERIES);
  const seriesOf = new Map<number, number>();
  const responses = await client.scanRange({
    selectors: ['kill_test'],
    startMs: BigInt(startMs),
    endMs: BigInt(endMs),
  });
  for (const { definitions, columns } of responses) {
    for (const { ref, labels } of definitions) {
      seriesOf.set(ref, Number(labels.find(({ name }) => name === 'series')?.value));
    }
    for (let i = 0; i < (columns?.refs.length ?? 0); i++) {
      const series = seriesOf.get(columns!.refs[i]!)!;
      const timestampMs = Number(columns!.timestampsMs[i]!);
      if (columns!.values[i] !== valueAt(series, timestampMs)) {
        assert.unreachable(`series ${series} at ${timestampMs} is ${columns!.values[i]}`);
      }
      found[((timestampMs - startMs) / STEP_MS) * SERIES + series] = 1;
    }
  }
  return found;
}

kill.run();
