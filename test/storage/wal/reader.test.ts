import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checksum } from '../../../storage/coding/checksum.ts';
import {
  encodeLogHeader,
  FRAME_HEADER_BYTES,
  sealFrame,
} from '../../../storage/coding/log-format.ts';
import { CorruptionError } from '../../../storage/index.ts';
import { WAL_READ_BYTES } from '../../../storage/limits.ts';
import { replayWal } from '../../../storage/wal/reader.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from '../../sim/memory-fs.ts';
import { flipBit } from '../../support/damage.ts';
import { rejection } from '../../support/rejection.ts';
import { openWriter, points, recordText, replay } from '../../support/wal.ts';

const reader = suite('storage/wal/reader');
const FIRST = 'data/wal/000001.wal';
const HEADER_BYTES = 24;
/** A points record of three: frame header, points header, 3 x (value, offset, id). */
const RECORD_BYTES = 16 + 24 + 3 * (8 + 4 + 4);
const texts = (...tags: number[]): string[] => tags.map((tag) => recordText(points(tag)));

/** One segment with a record for each tag, and another after it when `more`. */
async function written(tags: number[], more = false): Promise<MemoryFileSystem> {
  const fs = createMemoryFileSystem();
  const wal = await openWriter(fs);
  for (const tag of tags) await wal.append(points(tag));
  if (more) {
    wal.rotate(2);
    await wal.append(points(99));
  }
  await wal.close();
  return fs;
}

/** The same file with some of its bytes changed. */
function damaged(fs: MemoryFileSystem, change: (bytes: Uint8Array) => Uint8Array) {
  const copy = fs.killClone();
  copy.plant(FIRST, change(fs.bytesOf(FIRST)));
  return copy;
}

reader('an absent log, an empty segment and one of a header alone hold nothing', async () => {
  const fs = createMemoryFileSystem();
  assert.equal((await replay(fs)).segments, []);
  fs.plant(FIRST, new Uint8Array(0));
  fs.plant('data/wal/000002.wal', encodeLogHeader('wal', 2, 1));
  const { segments, records, tornBytes, skipped } = await replay(fs);
  assert.equal({ segments, records, tornBytes }, { segments: [1, 2], records: 0, tornBytes: 0 });
  assert.is(skipped.length, 0);
});

reader('segments below the first wanted are passed over, strange files too', async () => {
  const fs = await written([1], true);
  fs.plant('data/wal/notes.txt', new Uint8Array(5));
  const result = await replay(fs, 2);
  assert.equal([result.segments, result.texts], [[2], texts(99)]);
});

reader('replay waits for whoever takes the records', async () => {
  const fs = await written([1, 2, 3]);
  const log: string[] = [];
  const onRecord = async (): Promise<void> => {
    log.push('begin');
    await new Promise(setImmediate);
    log.push('end');
  };
  await replayWal({ dir: 'data', fs, fromSegment: 1, onRecord });
  assert.equal(log, ['begin', 'end', 'begin', 'end', 'begin', 'end']);
});

reader('a last segment cut anywhere gives every whole record and is cut clean', async () => {
  const fs = await written([1, 2, 3]);
  const size = fs.bytesOf(FIRST).length;
  assert.is(size, HEADER_BYTES + 3 * RECORD_BYTES);
  for (let length = 0; length <= size; length++) {
    const cut = damaged(fs, (bytes) => bytes.subarray(0, length));
    const whole = Math.max(0, Math.floor((length - HEADER_BYTES) / RECORD_BYTES));
    const cleanBytes = length < HEADER_BYTES ? 0 : HEADER_BYTES + whole * RECORD_BYTES;
    const first = await replay(cut);
    assert.equal(first.texts, texts(...[1, 2, 3].slice(0, whole)));
    assert.equal([first.skipped.length, first.tornBytes], [0, length - cleanBytes]);
    assert.is(await cut.size(FIRST), length === 0 ? undefined : cleanBytes);
    // The next run adds a segment; the one that was torn is not taken for damaged then.
    const wal = await openWriter(cut, { segment: 2 });
    await wal.append(points(4));
    await wal.close();
    const second = await replay(cut);
    assert.equal(second.texts, [...first.texts, ...texts(4)]);
    assert.equal([second.skipped.length, second.tornBytes], [0, 0]);
  }
});

reader('a flip of any byte costs at most its record, and is announced', async () => {
  const fs = await written([1, 2, 3], true);
  const size = fs.bytesOf(FIRST).length;
  for (let at = 0; at < size; at++) {
    const flipped = damaged(fs, (bytes) => flipBit(bytes, at, at % 8));
    const result = await replay(flipped);
    const hit = at < HEADER_BYTES ? 0 : 1 + Math.floor((at - HEADER_BYTES) / RECORD_BYTES);
    assert.equal(result.texts, [...texts(...[1, 2, 3].filter((tag) => tag !== hit)), ...texts(99)]);
    assert.is(result.skipped.length, 1, `byte ${at}`);
    const error = result.skipped[0]!;
    assert.instance(error, CorruptionError);
    assert.is(error.path, FIRST);
    assert.is(error.offset, hit === 0 ? 0 : HEADER_BYTES + (hit - 1) * RECORD_BYTES);
    assert.is(result.skippedBytes, hit === 0 ? HEADER_BYTES : RECORD_BYTES);
    assert.match(error.message, `${result.skippedBytes} B are skipped`);
  }
});

reader('a zeroed sector at the start costs what lay in it', async () => {
  const tags = Array.from({ length: 20 }, (_, i) => i + 1);
  const fs = damaged(await written(tags, true), (bytes) => bytes.fill(0, 0, 512));
  const lost = Math.ceil((512 - HEADER_BYTES) / RECORD_BYTES);
  const result = await replay(fs);
  assert.equal(result.texts, texts(...tags.slice(lost), 99));
  assert.is(result.skippedBytes, HEADER_BYTES + lost * RECORD_BYTES);
});

reader('records that span pieces of replay are found, behind damage too', async () => {
  const count = Math.ceil(WAL_READ_BYTES / 16) + 1000;
  const fs = createMemoryFileSystem();
  const wal = await openWriter(fs);
  const tags = [1, 2, 3, 4];
  for (const tag of tags) await wal.append(points(tag, count));
  await wal.close();
  const want = tags.map((tag) => recordText(points(tag, count)));
  assert.equal((await replay(fs)).texts, want);
  // The header of the second record: its whole payload is searched for the next one.
  const recordBytes = (fs.bytesOf(FIRST).length - HEADER_BYTES) / 4;
  const hit = damaged(fs, (bytes) => flipBit(bytes, HEADER_BYTES + recordBytes));
  const result = await replay(hit);
  assert.equal(result.texts, [want[0], want[2], want[3]]);
  assert.is(result.skippedBytes, recordBytes);
});

reader('records of an earlier file in the same sectors never pass for ones of this', async () => {
  const stale = (await written([7, 8])).bytesOf(FIRST).subarray(HEADER_BYTES);
  const fs = createMemoryFileSystem();
  const wal = await openWriter(fs, { segment: 2 });
  await wal.append(points(1));
  await wal.close();
  const path = 'data/wal/000002.wal';
  fs.plant(path, Buffer.concat([fs.bytesOf(path), stale]));
  const result = await replay(fs);
  assert.equal([result.texts, result.tornBytes], [texts(1), stale.length]);
});

reader('a damaged end of a segment that is not the last is announced and left alone', async () => {
  const fs = damaged(await written([1, 2], true), (bytes) => bytes.subarray(0, -5));
  const before = fs.bytesOf(FIRST).length;
  const result = await replay(fs);
  assert.equal(result.texts, texts(1, 99));
  assert.equal([result.skippedBytes, result.tornBytes], [RECORD_BYTES - 5, 0]);
  assert.is(fs.bytesOf(FIRST).length, before);
});

reader('a segment or record of a newer varve is refused, not skipped', async () => {
  const MARKER = 77;
  const newer = encodeLogHeader('wal', 1, MARKER);
  const frame = new Uint8Array(FRAME_HEADER_BYTES + 8);
  frame[FRAME_HEADER_BYTES] = 200;
  sealFrame(frame, 0, 8, MARKER);
  const fs = createMemoryFileSystem();
  fs.plant(FIRST, Buffer.concat([newer, frame]));
  assert.match((await rejection(replay(fs))).message, 'record kind 200');

  const view = new DataView(newer.buffer);
  view.setUint32(8, 2, true);
  view.setUint32(20, checksum(newer.subarray(0, 20)), true);
  fs.plant(FIRST, newer);
  assert.match((await rejection(replay(fs))).message, 'expected version 1, found 2');
});

reader.run();
