// Data directories that the engine wrote, harmed: whatever is done to a file of them is found.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { frameEnd } from '../../../storage/coding/log-format.ts';
import { type InspectLine, openStorage } from '../../../storage/index.ts';
import { readEdits } from '../../../storage/manifest/log.ts';
import { readSegment } from '../../../storage/wal/reader.ts';
import type { MemoryFileSystem } from '../../sim/memory-fs.ts';
import { createRng, type Rng } from '../../sim/rng.ts';
import { createSimEnv } from '../../sim/sim-env.ts';
import { flipBit } from '../../support/damage.ts';
import { filesBelow, writeSamples } from '../../support/data-directory.ts';
import { linesOf, oddities, textOf } from '../../support/inspected.ts';
import { appendPoints, labels } from '../../support/storage.ts';

const damage = suite('storage/inspect/damage');

const SEED = Number(process.env['SEED'] ?? 20_261_122);
/** Tables are many and alike, and the longer way to look at one is through its directory. */
const ROUNDS = { table: 1, events: 1, index: 1, wal: 8, manifest: 8 } as const;
const ROUNDS_ALONE = 8;
const SECTOR_BYTES = 512;

const samples = await writeSamples();

/** What is done to a file; undefined when it would change nothing that can be told. */
type Harm = (bytes: Uint8Array, rng: Rng) => Uint8Array | undefined;

const HARMS: Readonly<Record<string, Harm>> = {
  'a flipped bit': (bytes, rng) => flipBit(bytes, rng.below(bytes.length), rng.below(8)),
  'a zeroed sector': (bytes, rng) => {
    const sector = rng.below(Math.ceil(bytes.length / SECTOR_BYTES)) * SECTOR_BYTES;
    const part = bytes.subarray(sector, sector + SECTOR_BYTES);
    if (part.every((byte) => byte === 0)) return undefined;
    part.fill(0);
    return bytes;
  },
  'a cut': (bytes, rng) => bytes.slice(0, rng.below(bytes.length)),
};

/** Ends of records: a log that is cut there is a shorter one, and none the worse for it. */
async function recordEnds(fs: MemoryFileSystem, path: string): Promise<Set<number>> {
  const ends = new Set([0]);
  const items = path.endsWith('.wal') ? readSegment(fs, path) : readEdits(path, fs);
  for await (const item of items) ends.add(frameEnd(item.offset - 16, item.length));
  return ends.add(24);
}

for (const { name, fs } of samples) {
  for (const [harmName, harm] of Object.entries(HARMS)) {
    damage(`${harmName} in any file of a directory that is ${name} is found`, async () => {
      console.log(`seed ${SEED}`);
      const rng = createRng(SEED);
      for (const { path, kind = 'manifest', isLog } of await filesBelow('data', fs)) {
        const ends = isLog ? await recordEnds(fs, path) : new Set<number>();
        for (let round = 0; round < ROUNDS[kind] + ROUNDS_ALONE; round++) {
          const alone = round >= ROUNDS[kind];
          if (alone && !['table', 'events', 'index'].includes(kind)) break;
          const whole = fs.bytesOf(path);
          const harmed = harm(whole.slice(), rng);
          if (harmed === undefined) continue;
          if (harmed.length < whole.length && ends.has(harmed.length)) continue;
          const clone = fs.killClone();
          clone.plant(path, harmed);
          const lines = await linesOf(clone, alone ? path : 'data');
          const found = lines.some((line) => line.kind === 'damage') || isTornEnd(lines, path);
          assert.ok(found, `${path}, ${harmed.length} B, round ${round}:\n${textOf(lines)}`);
        }
      }
    });
  }

  damage(`a file that is gone from a directory that is ${name} is missed`, async () => {
    const last = (await filesBelow('data', fs)).findLast(({ kind }) => kind === 'wal');
    for (const { path } of await filesBelow('data', fs)) {
      // Nothing names the newest segment: without it, the machine went down before it was made.
      if (path === last?.path) continue;
      for (const verify of [true, false]) {
        const clone = fs.killClone();
        await clone.remove(path);
        const lines = await linesOf(clone, 'data', verify);
        const found = lines.filter(({ kind }) => kind === 'damage');
        assert.ok(found.length > 0, `${path}:\n${textOf(lines)}`);
        if (!path.endsWith('CURRENT')) assert.match(textOf(found), path.replace('data/', ''));
      }
    }
  });
}

/** The end of the last log, which only the machine's going down explains as well. */
function isTornEnd(lines: readonly InspectLine[], path: string): boolean {
  return lines.some(({ kind, text }) => kind === 'note' && text.startsWith(`${path}: torn end`));
}

damage('damage is told with the file, the place, and what was expected there', async () => {
  const { fs } = samples[0]!;
  const table = (await filesBelow('data', fs)).find(({ kind }) => kind === 'table')!;
  const clone = fs.killClone();
  clone.plant(table.path, flipBit(clone.bytesOf(table.path), 20));
  for (const path of ['data', 'data/', table.path]) {
    const lines = await linesOf(clone, path);
    const damages = lines.filter(({ kind }) => kind === 'damage');
    assert.is(damages.length, 1);
    assert.match(
      damages[0]!.text,
      new RegExp(`^${table.path} is damaged at byte 8: expected checksum \\w+, found \\w+$`),
    );
    assert.match(lines.at(-1)!.text, /: 1 damaged place$/);
  }
});

damage('a block is read only when asked for, and damage in others is found past it', async () => {
  const fs = createSimEnv().fs;
  const storage = await openStorage('data', createSimEnv(fs));
  const rng = createRng(1);
  const points = Array.from({ length: 60_000 }, (_, i) => ({
    labels: labels('m', `s${i % 10}`),
    timestampMs: i,
    value: rng.next(),
  }));
  await appendPoints(storage, points);
  await storage.close();
  const { path } = (await filesBelow('data', fs)).find(({ kind }) => kind === 'table')!;
  const bytes = fs.bytesOf(path);
  const blocks = [...textOf(await linesOf(fs, path)).matchAll(/^block \d+ at byte (\d+)/gm)];
  assert.ok(blocks.length > 2);
  for (const [, offset] of [blocks[0]!, blocks[2]!]) flipBit(bytes, Number(offset));
  fs.plant(path, bytes);
  assert.equal(oddities(await linesOf(fs, path, false)), []);
  assert.is(oddities(await linesOf(fs, path)).length, 2);
  assert.is(oddities(await linesOf(fs, 'data')).length, 2);
});

damage('files under wrong numbers are found', async () => {
  const { fs } = samples.find(({ name }) => name === 'killed')!;
  const clone = fs.killClone();
  const files = await filesBelow('data', fs);
  const [a, b] = files.filter(({ kind }) => kind === 'wal').map(({ path }) => path);
  const [bytesA, bytesB] = [clone.bytesOf(a!), clone.bytesOf(b!)];
  clone.plant(a!, bytesB);
  clone.plant(b!, bytesA);
  const text = textOf(oddities(await linesOf(clone, 'data')));
  assert.match(text, /expected number \d+, found \d+/);

  const [c, d] = files.filter(({ kind }) => kind === 'table').map(({ path }) => path);
  clone.plant(c!, clone.bytesOf(d!));
  assert.match(textOf(oddities(await linesOf(clone, 'data'))), /as the manifest says, found/);
});

damage.run();
