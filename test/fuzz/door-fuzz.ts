// Bodies that no sender would send, at one door of the real program, while a bystander writes: each
// is taken or refused as its sender's fault, and the bystander's points are all there at the end,
// after kill -9 too.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { memoryMib } from '../bench/load/process-stats.ts';
import { createRng, type Rng } from '../sim/rng.ts';
import { connect } from '../support/client.ts';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';
import { toLabels } from '../support/write-requests.ts';
import { BASE_MS } from './bodies.ts';
import { CODINGS, type Coding, type Door, type Sender, type Verdict } from './doors.ts';
import { mutate } from './mutate.ts';

/** Senders at a time. */
const LANES = 4;
const BYSTANDER = 'bystander';
/** Decompressed; far over ingest.limits.message. */
const BOMB_BYTES = 64 * 1024 * 1024;
const BOMB_CHANCE = 1 / 2000;

export interface DoorOutcome {
  readonly door: string;
  readonly taken: number;
  readonly refused: number;
  /** The longest that a body was waited for, ms. */
  readonly slowestMs: number;
  /** The same of the bystander's writes, ms. */
  readonly bystanderMs: number;
  readonly bystanderWrites: number;
  /** Peak of resident memory over that of the start, MiB. */
  readonly grownMib: number;
}

/** A window for whatever a damaged timestamp says; no waiting for the disk, which is not tested. */
const CONFIG = `storage: {wal: {sync: interval}}
retention: {policies: [{name: all, match: '{}', keep: forever}]}
`;

/**
 * Sends `bodies` to each of the doors of one server, one door after the other. Throws with what
 * replays it when an answer is our fault, or the bystander's data is not whole.
 */
export async function runDoorFuzz(
  doors: readonly Door[],
  seed: number,
  bodies: number,
): Promise<DoorOutcome[]> {
  const dir = await tempDir();
  const config = join(dir, 'varve.yaml');
  writeFileSync(config, CONFIG);
  const start = () => startServer(join(dir, 'data'), '--config', config, ...QUIET);
  const server = await start();
  const startMib = memoryMib(server.pid).now;
  const outcomes: DoorOutcome[] = [];
  let written = 0;
  try {
    for (const door of doors) {
      // The bystander is to wait for the server alone, not for this process.
      if (bodies * BOMB_CHANCE >= 1) door.codings.forEach(bombAs);
      const bystander = startBystander(server, written);
      const counts = await sendTo(server, door, seed, bodies);
      const { writes, slowestMs: bystanderMs } = await bystander.stop();
      written += writes;
      const grownMib = memoryMib(server.pid).peak - startMib;
      outcomes.push({ door: door.name, ...counts, bystanderWrites: writes, bystanderMs, grownMib });
    }
    await checkData(server, written);
    const { stderr } = await server.stop('SIGKILL');
    assert.not.match(stderr, /^.*"level":"(error|fatal)".*$/m);
    const again = await start();
    await checkData(again, written);
    await again.stop();
    return outcomes;
  } finally {
    server.child.kill('SIGKILL');
  }
}

async function sendTo(server: VarveProcess, door: Door, seed: number, bodies: number) {
  const sender = door.open(server);
  try {
    await checkSound(door, sender, seed);
    return await sendAll(door, sender, seed, bodies);
  } finally {
    sender.close();
  }
}

/** What is to be damaged is fine before. */
async function checkSound(door: Door, sender: Sender, seed: number): Promise<void> {
  const body = door.body(createRng(seed));
  for (const coding of door.codings) {
    const { kind, text } = await sender.send(CODINGS[coding](body), coding);
    assert.is(kind, 'taken', `${door.name}, ${coding}: ${text}`);
  }
}

/** By coding; made once, as it takes as long as some hundred bodies. */
const bombs = new Map<Coding, Uint8Array>();

function bombAs(coding: Coding): Uint8Array {
  const bomb = bombs.get(coding) ?? CODINGS[coding](Buffer.alloc(BOMB_BYTES));
  bombs.set(coding, bomb);
  return bomb;
}

async function sendAll(door: Door, sender: Sender, seed: number, bodies: number) {
  const rng = createRng(seed);
  const sums = { taken: 0, refused: 0, slowestMs: 0 };
  let begun = 0;
  async function lane(): Promise<void> {
    while (begun < bodies) {
      const number = begun++;
      const { bytes, coding } = nextBody(door, rng);
      const startMs = performance.now();
      const { kind, text } = await sender.send(bytes, coding).catch(cutOff);
      sums.slowestMs = Math.max(sums.slowestMs, Math.round(performance.now() - startMs));
      if (kind === 'wrong') {
        const base64 = Buffer.from(bytes).toString('base64').slice(0, 4000);
        throw new Error(
          `SEED=${seed}, ${door.name}, body ${number} as ${coding}: ${text}\n${base64}`,
        );
      }
      sums[kind]++;
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  return sums;
}

/** A server that hangs up instead of answering. */
function cutOff(error: unknown): Verdict {
  return { kind: 'wrong', text: String((error as Error).cause ?? error) };
}

/** Damaged before it is compressed, mostly; or after, or as a coding that it is not. */
function nextBody(door: Door, rng: Rng): { bytes: Uint8Array; coding: Coding } {
  const coding = rng.pick(door.codings);
  if (coding !== 'identity' && rng.chance(BOMB_CHANCE)) {
    return { bytes: bombAs(coding), coding };
  }
  const sound = door.body(rng);
  const other = door.body(rng);
  if (rng.chance(0.8)) {
    return { bytes: CODINGS[coding](mutate(rng, sound, other, door.words)), coding };
  }
  const packed = Buffer.from(CODINGS[coding](sound));
  if (rng.chance(0.8)) return { bytes: mutate(rng, packed, other, door.words), coding };
  return { bytes: packed, coding: rng.pick(door.codings) };
}

/** Writes point `first` and those behind it, one after the other, until it is stopped. */
function startBystander(server: VarveProcess, first: number) {
  const client = connect(server.grpc);
  const labels = toLabels({ __name__: BYSTANDER });
  let isStopped = false;
  const sums = { writes: 0, slowestMs: 0 };

  async function run(): Promise<void> {
    while (!isStopped) {
      const at = first + sums.writes++;
      const startMs = performance.now();
      const series = [{ labels, timestampsMs: [BigInt(BASE_MS + at)], values: [at] }];
      const { accepted } = await client.write({ series });
      assert.is(accepted, 1n);
      sums.slowestMs = Math.max(sums.slowestMs, Math.round(performance.now() - startMs));
    }
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

/** Every point of the bystander's, and none that is not. */
async function checkData({ http }: VarveProcess, writes: number): Promise<void> {
  const answer = await fetch(`${http}/api/v1/export?match[]=${BYSTANDER}`);
  const lines = (await answer.text()).trim().split('\n');
  const parts = lines.map((line) => JSON.parse(line) as { values: number[]; timestamps: number[] });
  const want = Array.from({ length: writes }, (_, at) => at);
  assert.equal(
    parts.flatMap(({ values }) => values),
    want,
  );
  assert.equal(
    parts.flatMap(({ timestamps }) => timestamps),
    want.map((at) => BASE_MS + at),
  );
}
