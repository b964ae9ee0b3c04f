import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createNodeFileSystem } from '../../../storage/env/node-env.ts';
import type { WalSync } from '../../../storage/index.ts';
import { replayWal } from '../../../storage/wal/reader.ts';
import type { WalRecord } from '../../../storage/wal/record.ts';
import {
  createMemoryFileSystem,
  type MemoryFileSystem,
  type OperationKind,
  SystemError,
} from '../../sim/memory-fs.ts';
import { createSimClock } from '../../sim/sim-clock.ts';
import { rejection } from '../../support/rejection.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { batch, openWriter, points, recordText, replay } from '../../support/wal.ts';

const writer = suite('storage/wal/writer');
const FIRST = 'data/wal/000001.wal';
const SECOND = 'data/wal/000002.wal';

/** Holds the next operation of `kind`, once `reached`, until `release` is called. */
function hold(fs: MemoryFileSystem, kind: OperationKind) {
  let release!: () => void;
  let arrive!: () => void;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  fs.onOperation = (_, found) => {
    if (found !== kind) return undefined;
    fs.onOperation = undefined;
    arrive();
    return released;
  };
  return { release, reached };
}

writer('what was appended is replayed in order, every kind', async () => {
  const fs = createMemoryFileSystem();
  const wal = await openWriter(fs);
  const series = {
    kind: 'series',
    entries: [{ id: 1, labels: [{ name: 'a', value: 'b' }] }],
  } as const;
  await Promise.all([wal.append(series), wal.append(points(1)), wal.append(points(2, 50_000))]);
  await wal.close();
  const { texts, skipped, tornBytes } = await replay(fs);
  assert.equal(texts, [series, points(1), points(2, 50_000)].map(recordText));
  assert.is(skipped.length + tornBytes, 0);
});

writer('all that waits while the disk is busy shares the next fsync', async () => {
  const fs = createMemoryFileSystem();
  const syncs: number[] = [];
  const wal = await openWriter(fs, { onSync: ({ batches }) => syncs.push(batches) });
  const held = hold(fs, 'sync');
  const order: number[] = [];
  const appends = [wal.append(points(0)).then(() => order.push(0))];
  await held.reached;
  for (let tag = 1; tag <= 20; tag++) {
    appends.push(wal.append(points(tag)).then(() => order.push(tag)));
  }
  assert.equal(order, [], 'nothing is acknowledged before its fsync');
  assert.ok(wal.queuedBytes > 0);
  held.release();
  await Promise.all(appends);
  assert.equal(syncs, [1, 20]);
  assert.is(wal.syncs, 2);
  assert.equal(order, [...Array(21).keys()]);
  assert.is(wal.queuedBytes, 0);
  assert.is(wal.bytesWritten, fs.bytesOf(FIRST).length);
  await wal.close();
});

writer('appends of one turn of the event loop share the first fsync', async () => {
  const wal = await openWriter(createMemoryFileSystem());
  await Promise.all([wal.append(points(1)), wal.append(points(2)), wal.append(points(3))]);
  assert.is(wal.syncs, 1);
  await wal.close();
});

writer('columns may be reused as soon as append returns', async () => {
  const fs = createMemoryFileSystem();
  const wal = await openWriter(fs);
  const reused = batch(1);
  const done = wal.append({ kind: 'points', batch: reused });
  reused.values.fill(0);
  reused.timestampsMs.fill(0);
  reused.ids.fill(0);
  await done;
  await wal.close();
  assert.equal((await replay(fs)).texts, [recordText(points(1))]);
});

writer('a new segment is written to only after the old one is synced', async () => {
  const fs = createMemoryFileSystem();
  const wal = await openWriter(fs, { sync: 'os' });
  const log: string[] = [];
  fs.onOperation = (_, kind, path) => void log.push(`${kind} ${path}`);
  const first = wal.append(points(1));
  wal.rotate(2);
  assert.is(wal.segmentBytes, 0);
  await Promise.all([first, wal.append(points(2))]);
  await wal.close();
  const written = log.filter((line) => /^(append|sync) /.test(line));
  assert.equal(written, [`append ${FIRST}`, `sync ${FIRST}`, `append ${SECOND}`, `sync ${SECOND}`]);
  assert.equal((await replay(fs)).texts, [points(1), points(2)].map(recordText));
});

writer('a prepared segment does not make a torn end of the one before a damage', async () => {
  const fs = createMemoryFileSystem();
  const wal = await openWriter(fs);
  await wal.append(points(1));
  await wal.append(points(2));
  assert.equal(await fs.list('data/wal'), ['000001.wal', '000002.wal']);
  const crashed = fs.killClone();
  crashed.plant(FIRST, crashed.bytesOf(FIRST).slice(0, -1));
  const { texts, skipped, tornBytes } = await replay(crashed);
  assert.equal([texts, skipped], [[recordText(points(1))], []]);
  assert.ok(tornBytes > 0);
  await wal.close();
});

writer('a rotation closes the old segment though nothing follows', async () => {
  const fs = createMemoryFileSystem();
  const wal = await openWriter(fs);
  await wal.append(points(1));
  wal.rotate(5);
  await wal.sync();
  assert.is(await fs.size('data/wal/000005.wal'), undefined);
  await wal.append(points(2));
  assert.equal(await fs.list('data/wal'), ['000001.wal', '000005.wal', '000006.wal']);
  await wal.removeBefore(5);
  await wal.close();
  assert.equal(await fs.list('data/wal'), ['000005.wal']);
});

writer('`interval` acknowledges first and syncs when the time has come', async () => {
  const fs = createMemoryFileSystem();
  const sim = createSimClock();
  const synced: number[] = [];
  const { clock, scheduler } = sim;
  const onSync = ({ batches }: { batches: number }): void => void synced.push(batches);
  const wal = await openWriter(fs, { sync: 'interval', clock, scheduler, onSync });
  await wal.append(points(1));
  await wal.append(points(2));
  assert.equal([wal.syncs, sim.pending], [0, 1]);
  sim.advance(199);
  assert.is(sim.pending, 1);
  sim.advance(1);
  await wal.sync();
  assert.equal(synced, [2]);
  assert.is(sim.pending, 0, 'nothing is left to sync');
  await wal.append(points(3));
  await wal.close();
  assert.equal([wal.syncs, sim.pending], [2, 0]);
});

writer('`os` leaves it to the kernel until asked', async () => {
  const wal = await openWriter(createMemoryFileSystem(), { sync: 'os' });
  await wal.append(points(1));
  assert.is(wal.syncs, 0);
  await wal.sync();
  await wal.sync();
  assert.is(wal.syncs, 1, 'a second one finds nothing to do');
  await wal.close();
});

const FAILING: OperationKind[] = ['create', 'syncDir', 'append', 'sync'];
for (const kind of FAILING) {
  writer(`after ${kind} has failed once nothing is acknowledged again`, async () => {
    const fs = createMemoryFileSystem();
    const wal = await openWriter(fs);
    fs.onOperation = (_, found, path) => {
      if (found !== kind) return;
      fs.onOperation = undefined;
      throw new SystemError('EIO', path);
    };
    const [first, second] = [rejection(wal.append(points(1))), rejection(wal.append(points(2)))];
    assert.is((await first).code, 'UNAVAILABLE');
    assert.match((await second).message, 'EIO');
    assert.is((await rejection(wal.append(points(3)))).code, 'UNAVAILABLE');
    assert.is((await rejection(wal.sync())).code, 'UNAVAILABLE');
    wal.rotate(2);
    assert.is((await rejection(wal.append(points(4)))).code, 'UNAVAILABLE');
    assert.is(wal.queuedBytes, 0);
    assert.is((await rejection(wal.close())).code, 'UNAVAILABLE');
  });
}

for (const kind of FAILING) {
  writer(`after ${kind} has failed another segment is begun, once the disk takes it`, async () => {
    const fs = createMemoryFileSystem();
    const wal = await openWriter(fs);
    await wal.append(points(1));
    // Past the file that was prepared.
    wal.rotate(3);
    await wal.sync();
    fs.onOperation = (_, found, path) => {
      if (found === kind) throw new SystemError('EIO', path);
    };
    assert.is((await rejection(wal.append(points(2)))).code, 'UNAVAILABLE');
    assert.ok(wal.isSpoiled);
    await rejection(wal.reopen(4));
    assert.ok(wal.isSpoiled, 'a segment that was tried is not tried again');
    assert.is((await rejection(wal.append(points(3)))).code, 'UNAVAILABLE');
    fs.onOperation = undefined;
    await wal.reopen(5);
    assert.is(wal.failure, undefined);
    await wal.append(points(4));
    await wal.close();
    const texts: string[] = [];
    const onRecord = (record: WalRecord): void => void texts.push(recordText(record));
    await replayWal({ dir: 'data', fs, fromSegment: 5, onRecord });
    assert.equal(texts, [recordText(points(4))]);
  });
}

writer('a full disk leaves a part of a record, and it is no record', async () => {
  const fs = createMemoryFileSystem();
  const wal = await openWriter(fs);
  await wal.append(points(1));
  fs.onOperation = (_, kind, path) => {
    if (kind === 'append') throw new SystemError('ENOSPC', path, 50);
  };
  assert.match((await rejection(wal.append(points(2)))).message, 'the disk of data is full');
  await rejection(wal.close());
  fs.onOperation = undefined;
  const { texts, tornBytes } = await replay(fs);
  assert.equal([texts, tornBytes], [[recordText(points(1))], 50]);
});

writer('those who wait behind the failing fsync are refused as well', async () => {
  const fs = createMemoryFileSystem();
  const wal = await openWriter(fs);
  let fail!: (error: Error) => void;
  const reached = new Promise<void>((arrive) => {
    fs.onOperation = (_, kind) => {
      if (kind !== 'sync') return undefined;
      arrive();
      return new Promise((_resolve, reject) => {
        fail = reject;
      });
    };
  });
  const first = rejection(wal.append(points(1)));
  await reached;
  const behind = rejection(wal.append(points(2)));
  fail(new SystemError('EIO', FIRST));
  assert.is((await first).code, 'UNAVAILABLE');
  assert.is((await behind).code, 'UNAVAILABLE');
  await rejection(wal.close());
});

writer('an fsync that fails in the background refuses the next append', async () => {
  const fs = createMemoryFileSystem();
  const { clock, scheduler, advance } = createSimClock();
  const wal = await openWriter(fs, { sync: 'interval', clock, scheduler });
  await wal.append(points(1));
  const failed = new Promise<void>((resolve) => {
    fs.onOperation = (_, kind, path) => {
      if (kind !== 'sync') return;
      resolve();
      throw new SystemError('EIO', path);
    };
  });
  advance(200);
  await failed;
  assert.is((await rejection(wal.append(points(2)))).code, 'UNAVAILABLE');
  await rejection(wal.close());
});

for (const sync of ['group', 'interval', 'os'] satisfies WalSync[]) {
  writer(`close syncs what was appended (${sync}), and refuses what comes after`, async () => {
    const fs = createMemoryFileSystem();
    const wal = await openWriter(fs, { sync });
    const last = wal.append(points(1));
    await Promise.all([wal.close(), wal.close(), last]);
    assert.is(wal.syncs, 1);
    assert.is((await rejection(wal.append(points(2)))).code, 'CLOSED');
    assert.equal((await replay(fs)).texts, [recordText(points(1))]);
  });
}

writer('a segment that exists is never written over', async () => {
  const fs = createMemoryFileSystem();
  const first = await openWriter(fs);
  await first.append(points(1));
  await first.close();
  const second = await openWriter(fs);
  assert.match((await rejection(second.append(points(2)))).message, 'EEXIST');
  await rejection(second.close());
  assert.equal((await replay(fs)).texts, [recordText(points(1))]);
});

writer('on a real disk many callers share few fsyncs, and all is found again', async () => {
  const fs = createNodeFileSystem();
  const dir = await tempDir();
  const wal = await openWriter(fs, { dir });
  const TAGS = [...Array(200).keys()];
  for (const tag of TAGS.slice(0, 2)) await wal.append(points(tag, 100));
  await Promise.all(TAGS.slice(2).map((tag) => wal.append(points(tag, 100))));
  assert.ok(wal.syncs <= 4, `${wal.syncs} fsyncs`);
  await wal.close();
  const texts: string[] = [];
  const onRecord = (record: WalRecord): void => void texts.push(recordText(record));
  const result = await replayWal({ dir, fs, fromSegment: 1, onRecord });
  assert.equal(
    texts,
    TAGS.map((tag) => recordText(points(tag, 100))),
  );
  assert.equal([result.tornBytes, result.skipped.length], [0, 0]);
});

writer.run();
