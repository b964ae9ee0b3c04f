import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptionError } from '../../../storage/index.ts';
import { applyEdit, type Edit, EMPTY_STATE } from '../../../storage/manifest/edit.ts';
import { openManifest, replayManifest } from '../../../storage/manifest/log.ts';
import { createMemoryFileSystem, type OperationKind, SystemError } from '../../sim/memory-fs.ts';
import { createRng } from '../../sim/rng.ts';
import { flipBit } from '../../support/damage.ts';
import { indexMeta, policyMeta, tableMeta } from '../../support/manifest.ts';
import { rejection } from '../../support/rejection.ts';

const log = suite('storage/manifest/log');
const CURRENT = 'data/CURRENT';

const EDITS: Edit[] = [
  { clean: false, policies: [policyMeta] },
  { addTables: [tableMeta(2), tableMeta(3)], walSegment: 4, nextFileNumber: 5 },
  { addIndexTables: [indexMeta(5)], nextSeriesId: 100 },
  { removeTables: [2, 3], addTables: [tableMeta(6)], nextFileNumber: 7 },
];
const STATES = EDITS.map((_, i) => EDITS.slice(0, i + 1).reduce(applyEdit, EMPTY_STATE));

/** A manifest with all of EDITS appended, closed. */
async function written() {
  const fs = createMemoryFileSystem();
  const { log: manifest } = await openManifest('data', fs);
  for (const edit of EDITS) await manifest.append(edit);
  await manifest.close();
  return fs;
}

log('the first start makes an empty state and CURRENT', async () => {
  const fs = createMemoryFileSystem();
  const { state, log: manifest, created, tornBytes } = await openManifest('data', fs);
  assert.equal({ state, created, tornBytes }, { state: EMPTY_STATE, created: true, tornBytes: 0 });
  assert.is(Buffer.from(fs.bytesOf(CURRENT)).toString(), '000001.manifest\n');
  await manifest.close();
});

log('an append resolves with the state it leads to; a restart finds the same', async () => {
  const fs = createMemoryFileSystem();
  const first = await openManifest('data', fs);
  const states = await Promise.all(EDITS.map((edit) => first.log.append(edit)));
  assert.equal(states, STATES);
  await first.log.close();
  const second = await openManifest('data', fs);
  assert.equal({ ...second.state }, STATES.at(-1));
  assert.is(second.created, false);
  assert.equal(await fs.list('data/manifest'), ['000002.manifest'], 'the old one is gone');
  await second.log.close();
});

log('a long log is rewritten as a snapshot, and nothing is lost', async () => {
  const fs = createMemoryFileSystem();
  const { log: manifest } = await openManifest('data', fs, { rewriteBytes: 500 });
  await manifest.append({ policies: [policyMeta] });
  let sizeMax = 0;
  for (let number = 1; number <= 200; number++) {
    const removeTables = number > 1 ? [number - 1] : [];
    await manifest.append({ addTables: [tableMeta(number)], removeTables });
    sizeMax = Math.max(sizeMax, manifest.sizeBytes);
  }
  assert.ok(sizeMax < 1000, `${sizeMax} B`);
  const names = await fs.list('data/manifest');
  assert.is(names.length, 1);
  assert.is(Buffer.from(fs.bytesOf(CURRENT)).toString(), `${names[0]}\n`);
  await manifest.close();
  const { state, log: again } = await openManifest('data', fs);
  assert.equal([...state.tables.keys()], [200]);
  await again.close();
});

log('a torn last edit is the end, and the next start goes on from there', async () => {
  const fs = await written();
  const path = 'data/manifest/000001.manifest';
  const whole = fs.bytesOf(path);
  const { edits } = await replayManifest(path, fs);
  assert.is(edits, EDITS.length + 1, 'the snapshot and the edits');
  for (const cut of [1, 5, 20]) {
    fs.plant(path, whole.subarray(0, whole.length - cut));
    const opened = await openManifest('data', fs.killClone());
    assert.equal({ ...opened.state }, STATES.at(-2));
    assert.ok(opened.tornBytes > 0);
    await opened.log.close();
  }
});

log('damage before the last edit is corruption with its place', async () => {
  const fs = await written();
  const path = 'data/manifest/000001.manifest';
  const whole = fs.bytesOf(path);
  for (const at of [3, 30, 60, 100]) {
    fs.plant(path, flipBit(whole.slice(), at));
    const error = await rejection(openManifest('data', fs.killClone()));
    assert.instance(error, CorruptionError);
    assert.match(error.message, path);
  }
});

const BAD_CURRENT: [string, string][] = [
  ['empty', ''],
  ['without its line end', '000001.manifest'],
  ['of another kind', '000001.wal\n'],
];
for (const [name, content] of BAD_CURRENT) {
  log(`a CURRENT that is ${name} is told of, and the newest manifest is taken`, async () => {
    const fs = await written();
    const { state: whole } = await openManifest('data', fs.killClone());
    fs.plant(CURRENT, Buffer.from(content));
    fs.plant('data/manifest/000009.manifest', new Uint8Array(30));
    const { state, damage, log: manifest } = await openManifest('data', fs);
    assert.is(damage?.path, CURRENT);
    assert.equal(state, whole);
    await manifest.close();
    assert.is((await openManifest('data', fs)).damage, undefined, 'it is whole again');
  });
}

log('without CURRENT, the newest manifest is taken', async () => {
  const fs = await written();
  const { state: whole } = await openManifest('data', fs.killClone());
  await fs.remove(CURRENT);
  fs.plant('data/wal/000001.wal', new Uint8Array(3));
  const { state, damage } = await openManifest('data', fs);
  assert.is(damage?.path, CURRENT);
  assert.equal(state, whole);
});

log('a directory with data and no CURRENT is corruption, not a first start', async () => {
  const fs = createMemoryFileSystem();
  fs.plant('data/wal/000001.wal', new Uint8Array(3));
  assert.match((await rejection(openManifest('data', fs))).message, 'found none');
});

log('an empty manifest under CURRENT is corruption', async () => {
  const fs = await written();
  fs.plant('data/manifest/000001.manifest', new Uint8Array(0));
  assert.match((await rejection(openManifest('data', fs))).message, 'expected a snapshot');
});

log('manifests that CURRENT does not name are removed', async () => {
  const fs = await written();
  fs.plant('data/manifest/000002.manifest', new Uint8Array(3));
  fs.plant('data/manifest/000009.manifest', new Uint8Array(3));
  fs.plant('data/CURRENT.tmp', new Uint8Array(3));
  const { state, log: manifest } = await openManifest('data', fs);
  assert.equal({ ...state }, STATES.at(-1));
  assert.equal(await fs.list('data/manifest'), ['000002.manifest']);
  await manifest.close();
});

/** Everything that writing an edit, or a new file with it, does. */
const FAILING: OperationKind[] = ['create', 'append', 'sync', 'syncDir', 'rename'];

for (const kind of FAILING) {
  log(`a failed ${kind} is answered with a new file, before anything else is taken`, async () => {
    const fs = createMemoryFileSystem();
    const { log: manifest } = await openManifest('data', fs);
    let isBroken = true;
    fs.onOperation = (_, found, path) => {
      // Without the first no new file would be begun.
      if (isBroken && (found === 'append' || found === kind))
        throw new SystemError('EIO', path, 10);
    };
    const before = manifest.state;
    assert.is((await rejection(manifest.append({ nextSeriesId: 7 }))).code, 'UNAVAILABLE');
    assert.is((await rejection(manifest.mend())).code, 'UNAVAILABLE');
    assert.is(manifest.state, before);
    isBroken = false;
    await manifest.mend();
    assert.is(manifest.failure, undefined);
    assert.is((await manifest.append({ clean: false })).nextSeriesId, before.nextSeriesId);
    await manifest.close();
    assert.is((await fs.list('data/manifest')).length, 1);
    const again = await openManifest('data', fs);
    assert.is(again.state.nextSeriesId, before.nextSeriesId, 'what was refused is not there');
    assert.is(again.state.clean, false);
    await again.log.close();
  });
}

for (const kind of ['append', 'sync'] satisfies OperationKind[]) {
  log(`an edit whose ${kind} fails once is taken by a new file`, async () => {
    const fs = createMemoryFileSystem();
    const { log: manifest } = await openManifest('data', fs);
    fs.onOperation = (_, found, path) => {
      if (found !== kind) return;
      fs.onOperation = undefined;
      throw new SystemError('ENOSPC', path, 10);
    };
    await manifest.append({ nextSeriesId: 7 });
    await manifest.close();
    const again = await openManifest('data', fs.crashClone(createRng(1)));
    assert.is(again.state.nextSeriesId, 7);
    assert.is(again.tornBytes, 0);
    await again.log.close();
  });
}

log('a manifest that cannot be written at the start is read all the same', async () => {
  const fs = await written();
  fs.onOperation = (_, kind, path) => {
    if (kind === 'append') throw new SystemError('ENOSPC', path);
  };
  const { state, log: manifest } = await openManifest('data', fs);
  assert.equal({ ...state }, STATES.at(-1));
  assert.is(manifest.failure?.code, 'UNAVAILABLE');
  fs.onOperation = undefined;
  await manifest.append({ clean: false });
  await manifest.close();
});

log('a mistaken edit is refused and harms nothing', async () => {
  const fs = createMemoryFileSystem();
  const { log: manifest } = await openManifest('data', fs);
  assert.match((await rejection(manifest.append({ removeTables: [1] }))).message, 'invariant');
  assert.is((await manifest.append({ clean: false })).clean, false);
  await manifest.close();
  assert.is((await rejection(manifest.append({}))).code, 'CLOSED');
});

log.run();
