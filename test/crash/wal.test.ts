// Power is cut before every single file operation of a workload, and what is found after is
// replayed: all that was acknowledged is there, in order, and nothing that was never appended.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { WalSync } from '../../storage/index.ts';
import { createMemoryFileSystem, type MemoryFileSystem, PowerCut } from '../sim/memory-fs.ts';
import { createRng } from '../sim/rng.ts';
import { openWriter, points, recordText, replay } from '../support/wal.ts';

const crash = suite('crash/wal');
const RECORDS = 24;

/** Appends in bursts over three segments; returns the tags that were acknowledged. */
async function workload(fs: MemoryFileSystem, sync: WalSync): Promise<Set<number>> {
  const acknowledged = new Set<number>();
  try {
    const wal = await openWriter(fs, { sync });
    for (let tag = 1; tag <= RECORDS; tag += 3) {
      if (tag % 9 === 1 && tag > 1) wal.rotate(tag);
      const burst = [tag, tag + 1, tag + 2].map((each) =>
        wal.append(points(each, each * 5)).then(() => acknowledged.add(each)),
      );
      await Promise.all(burst);
    }
    await wal.close();
  } catch (error) {
    if (!fs.onOperation) throw error;
  }
  return acknowledged;
}

const want = Array.from({ length: RECORDS }, (_, i) => recordText(points(i + 1, (i + 1) * 5)));

for (const sync of ['group', 'interval', 'os'] satisfies WalSync[]) {
  crash(`at every operation with sync ${sync}`, async () => {
    const whole = createMemoryFileSystem();
    assert.is((await workload(whole, sync)).size, RECORDS);
    for (let at = 0; at < whole.operations; at++) {
      const fs = createMemoryFileSystem();
      fs.onOperation = (index) => {
        if (index === at) throw new PowerCut();
      };
      const acknowledged = await workload(fs, sync);
      for (let seed = 0; seed < 10; seed++) {
        const found = fs.crashClone(createRng(at * 1000 + seed));
        const { texts, skipped } = await replay(found);
        assert.equal(texts, want.slice(0, texts.length), `a prefix, operation ${at}, seed ${seed}`);
        assert.equal(skipped, [], 'what was torn is not taken for damage');
        if (sync === 'group') assert.ok(texts.length >= acknowledged.size);
        const again = await replay(found.crashClone(createRng(seed)));
        assert.equal(again.texts, texts, 'a crash right after replay changes nothing');
        assert.is(again.tornBytes, 0);
      }
    }
  });
}

crash('a killed process loses nothing that it acknowledged, synced or not', async () => {
  const whole = createMemoryFileSystem();
  await workload(whole, 'os');
  for (let at = 0; at < whole.operations; at++) {
    const fs = createMemoryFileSystem();
    fs.onOperation = (index) => {
      if (index === at) throw new PowerCut();
    };
    const acknowledged = await workload(fs, 'os');
    const { texts } = await replay(fs.killClone());
    assert.ok(texts.length >= acknowledged.size);
    assert.equal(texts, want.slice(0, texts.length));
  }
});

crash.run();
