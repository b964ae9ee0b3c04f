// Real data directories, written by the engine in a simulation: undamaged they verify clean, and
// whatever is done to a file of them is found.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { frameEnd } from '../../../storage/coding/log-format.ts';
import {
  type InspectLine,
  inspectPath,
  openStorage,
  StorageError,
} from '../../../storage/index.ts';
import { readEdits } from '../../../storage/manifest/log.ts';
import { readSegment } from '../../../storage/wal/reader.ts';
import type { MemoryFileSystem } from '../../sim/memory-fs.ts';
import { createRng, type Rng } from '../../sim/rng.ts';
import { createSimEnv } from '../../sim/sim-env.ts';
import { flipBit } from '../../support/damage.ts';
import { filesBelow, writeSamples } from '../../support/data-directory.ts';
import { rejection } from '../../support/rejection.ts';
import { appendPoints, labels } from '../../support/storage.ts';

const inspect = suite('storage/inspect');

const SEED = Number(process.env['SEED'] ?? 20_261_122);
/** Tables are many and alike, and the longer way to look at one is through its directory. */
const ROUNDS = { table: 1, events: 1, index: 1, wal: 8, manifest: 8 } as const;
const ROUNDS_ALONE = 8;
const SECTOR_BYTES = 512;

const samples = await writeSamples();

async function linesOf(fs: MemoryFileSystem, path: string, verify = true): Promise<InspectLine[]> {
  const lines: InspectLine[] = [];
  for await (const line of inspectPath(path, createSimEnv(fs), { verify })) lines.push(line);
  return lines;
}

const textOf = (lines: readonly InspectLine[]) => lines.map(({ text }) => text).join('\n');
const oddities = (lines: readonly InspectLine[]) => lines.filter(({ kind }) => kind !== 'fact');

for (const { name, fs } of samples) {
  inspect(`a directory that is ${name} verifies clean, and so does each of its files`, async () => {
    const lines = await linesOf(fs, 'data');
    assert.equal(oddities(lines), []);
    assert.match(lines.at(-1)!.text, /nothing is damaged$/);
    for (const { path, kind } of await filesBelow('data', fs)) {
      if (kind === undefined) continue;
      const ofFile = await linesOf(fs, path);
      assert.equal(oddities(ofFile), [], path);
      assert.match(ofFile.at(-1)!.text, /nothing is damaged$/);
    }
  });
}

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
    inspect(`${harmName} in any file of a directory that is ${name} is found`, async () => {
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

  inspect(`a file that is gone from a directory that is ${name} is missed`, async () => {
    const last = (await filesBelow('data', fs)).findLast(({ kind }) => kind === 'wal');
    for (const { path } of await filesBelow('data', fs)) {
      // Nothing names the newest segment: without it, the machine went down before it was made.
      if (path === last?.path) continue;
      for (const verify of [true, false]) {
        const clone = fs.killClone();
        await clone.remove(path);
        const lines = await linesOf(clone, 'data', verify);
        const damage = lines.filter(({ kind }) => kind === 'damage');
        assert.ok(damage.length > 0, `${path}:\n${textOf(lines)}`);
        if (!path.endsWith('CURRENT')) assert.match(textOf(damage), path.replace('data/', ''));
      }
    }
  });
}

/** The end of the last log, which only the machine's going down explains as well. */
function isTornEnd(lines: readonly InspectLine[], path: string): boolean {
  return lines.some(({ kind, text }) => kind === 'note' && text.startsWith(`${path}: torn end`));
}

inspect('damage is told with the file, the place, and what was expected there', async () => {
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

inspect('a block is read only when asked for, and damage in others is found past it', async () => {
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

inspect('a record that was being written at the end of the log is no damage', async () => {
  const { fs } = samples.find(({ name }) => name === 'killed')!;
  const { path } = (await filesBelow('data', fs)).findLast(({ kind }) => kind === 'wal')!;
  const clone = fs.killClone();
  clone.plant(path, clone.bytesOf(path).slice(0, -20));
  for (const inspected of ['data', path]) {
    const lines = await linesOf(clone, inspected);
    assert.equal(
      oddities(lines).map(({ kind }) => kind),
      ['note'],
    );
    assert.match(textOf(lines), `${path}: torn end`);
  }
});

inspect('files under wrong numbers are found', async () => {
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

inspect('leftovers and names that are not ours are told and harm nothing', async () => {
  const clone = samples[0]!.fs.killClone();
  clone.plant('data/server-id', Uint8Array.of(1));
  clone.plant('data/windows/notes/x', Uint8Array.of(1));
  clone.plant('data/tag-index/999999.idx', Uint8Array.of(1, 2, 3));
  const lines = await linesOf(clone, 'data');
  assert.match(textOf(lines), 'data/server-id: not ours');
  assert.match(textOf(lines), 'data/windows/notes: not ours');
  assert.equal(oddities(lines), [
    {
      kind: 'note',
      text:
        'data/tag-index/999999.idx: left over or not in use yet, 3 B: ' +
        'the manifest does not name it',
    },
  ]);
});

inspect('nothing is written, and no lock is taken', async () => {
  const { fs } = samples.find(({ name }) => name === 'killed')!;
  const clone = fs.killClone();
  const harmless = ['list', 'size', 'open', 'read', 'closeReadable'];
  let open = 0;
  clone.onOperation = (_, kind, path) => {
    if (!harmless.includes(kind)) throw new Error(`${kind} of ${path}`);
    if (kind === 'open') open++;
    if (kind === 'closeReadable') open--;
  };
  await linesOf(clone, 'data');
  for (const { path, kind } of await filesBelow('data', fs)) {
    if (kind !== undefined) await linesOf(clone, path);
    assert.is(open, 0, `${path} is closed again`);
  }
});

inspect(
  'a directory whose owner drops, flushes and rewrites meanwhile is not damaged',
  async () => {
    const env = createSimEnv(samples[0]!.fs.killClone());
    const storage = await openStorage('data', env, samples[0]!.options);
    let step = 0;
    for await (const { kind, text } of inspectPath('data', env, { verify: true })) {
      assert.is.not(kind, 'damage', text);
      if (step++ % 3 !== 0) continue;
      const [window] = storage.windows();
      if (window !== undefined) await storage.dropWindows([window.key]);
      await appendPoints(storage, [{ labels: labels('m', `n${step}`), timestampMs: 0, value: 1 }]);
      await storage.flush();
      await storage.compact();
    }
    await storage.close();
  },
);

inspect('what is not ours is refused in one line', async () => {
  const { fs } = createSimEnv();
  fs.plant('photos/cat.jpg', Uint8Array.of(1, 2, 3));
  fs.plant('photos/empty', new Uint8Array(0));
  for (const path of ['photos', 'photos/cat.jpg', 'photos/empty', 'nothing']) {
    const error = await rejection(linesOf(fs, path));
    assert.instance(error, StorageError);
    assert.is((error as StorageError).code, 'INVALID_ARGUMENT');
    assert.match((error as StorageError).message, new RegExp(`^cannot inspect ${path}: [^\n]+$`));
  }
});

/** Facts that each kind of file tells, in order; whatever is between them. */
const FACTS: Readonly<Record<string, readonly RegExp[]>> = {
  wal: [
    /: WAL segment, [\d,.]+ \w+/,
    /header: version 1, number \d+, marker [\da-f]+/,
    /series: \d+ records? with \d+ new series/,
    /points: \d+ records? with \d+ points, [\d.]+ B\/point/,
    /time: 20\d\d-\d\d-\d\dT[\d:.]+Z \.\. 20/,
    /series ids: \d+ \.\. \d+/,
  ],
  table: [
    /: SSTable, /,
    /policy \d+, window .+Z up to .+Z \(excluded\)/,
    /\d+ points of \d+ series, [\d.]+ B\/point, [\d.]+x/,
    /series ids: \d+ \.\. \d+/,
    /time: 20.+ \.\. 20.+/,
    /bloom filter: .* bits a series, \d+ probes?, [\d.]+% false positives/,
    /series set: \d+ B/,
    /block index: \d+ B, \d+ blocks?/,
    /block 0 at byte 8: .* points?, [\d.]+x, series \d+ \.\. \d+, time 20.+/,
  ],
  index: [
    /: tag index table, /,
    /\d+ records in \d+ blocks?/,
    /first key: /,
    /last key: /,
    /series ids: \d+ \.\. \d+/,
    /bloom filter: /,
    /records from labels to series: \d+/,
    /records from series to labels: \d+/,
    /records from a label to series: \d+/,
    /tombstones among them: \d+/,
  ],
  manifest: [
    /: manifest, /,
    /header: version 1, number \d+/,
    /edit 1 at byte 40: WAL from segment 1; next file 1; next series 1; closed/,
    /edit 2 at byte \d+: policy 1 "dev"; policy 2 "default"; opened/,
    /edit 3 at byte \d+: adds 6 tables \([\d ]+\); adds 1 index table \(\d+\); WAL from segment 2/,
    /edit 4 at byte \d+: adds .*; next file \d+/,
    /state: \d+ tables of .* points, [\d.]+ B\/point; \d+ index tables/,
    /state: policy 1 "dev", kept for 1h in windows of 1h/,
    /state: policy 2 "default", kept for ever in windows of 2h/,
    /state: WAL from segment \d+, next file \d+, next series \d+, closed cleanly/,
  ],
};
for (const [kind, facts] of Object.entries(FACTS)) {
  inspect(`of a file of kind ${kind} it tells the figures`, async () => {
    const wanted = kind === 'wal' ? 'killed' : 'closed';
    const { fs } = samples.find(({ name }) => name === wanted)!;
    const { path } = (await filesBelow('data', fs)).find((file) => file.kind === kind)!;
    assertInOrder(textOf(await linesOf(fs, path, false)), facts);
  });
}

inspect('keys of the tag index are told as what they stand for', async () => {
  const { fs } = samples[0]!;
  const tables = (await filesBelow('data', fs)).filter(({ kind }) => kind === 'index');
  const lines = await Promise.all(tables.map(({ path }) => linesOf(fs, path, false)));
  const text = textOf(lines.flat());
  assert.match(text, /key: labels \{__name__="metric", series="series-\d+"\}$/m);
  assert.match(text, /key: series \d+$/m);
  assert.match(text, /key: series="series-\d+", container 0$/m);
});

inspect('of a directory it tells the figures', async () => {
  const { fs } = samples.find(({ name }) => name === 'closed')!;
  assertInOrder(textOf(await linesOf(fs, 'data', false)), [
    /^data: data directory, closed cleanly/,
    /live manifest: data\/manifest\/\d+\.manifest/,
    /policy 1 "dev", kept for 1h in windows of 1h: \d+ windows, \d+ tables, [\d,]+ points/,
    / {2}window 20.+Z up to 20.+Z: \d+ tables?, [\d,]+ points?, .*, [\d.]+ B\/point/,
    /policy 2 "default", kept for ever in windows of 2h: /,
    /tag index level \d: \d+ tables?, /,
    /WAL from segment \d+ on: 0 segments, 0 B/,
  ]);
  const { fs: killed } = samples.find(({ name }) => name === 'killed')!;
  const text = textOf(await linesOf(killed, 'data', false));
  assertInOrder(text, [/in use, or not closed cleanly/, /WAL from segment \d+ on: 2 segments, /]);
});

function assertInOrder(text: string, facts: readonly RegExp[]): void {
  let from = 0;
  for (const wanted of facts) {
    const found = wanted.exec(text.slice(from));
    assert.ok(found !== null, `${wanted} after byte ${from} of\n${text}`);
    from += found!.index + found![0].length;
  }
}

inspect('an empty directory that a server has just made is one of ours', async () => {
  const env = createSimEnv();
  await (await openStorage('data', env)).close();
  const lines = await linesOf(env.fs, 'data');
  assert.equal(oddities(lines), []);
});

inspect.run();
