// Power is cut before every single file operation of a manifest's life, rewrites and restarts
// included; the state found after is that of some prefix of the edits, none acknowledged missing.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { applyEdit, type Edit, EMPTY_STATE } from '../../storage/manifest/edit.ts';
import { openManifest } from '../../storage/manifest/log.ts';
import { createMemoryFileSystem, type MemoryFileSystem, PowerCut } from '../sim/memory-fs.ts';
import { createRng } from '../sim/rng.ts';
import { policyMeta, tableMeta } from '../support/manifest.ts';

const crash = suite('crash/manifest');

const EDITS: Edit[] = [
  { policies: [policyMeta], clean: false },
  ...Array.from({ length: 12 }, (_, i) => ({
    addTables: [tableMeta(i + 1)],
    removeTables: i % 3 === 2 ? [i - 1, i] : [],
  })),
];
const STATES = [EMPTY_STATE];
for (const edit of EDITS) STATES.push(applyEdit(STATES.at(-1)!, edit));

/** Applies EDITS over two starts, in a log so small that it is rewritten; returns how many held. */
async function workload(fs: MemoryFileSystem): Promise<number> {
  let acknowledged = 0;
  try {
    for (const edits of [EDITS.slice(0, 6), EDITS.slice(6)]) {
      const { log } = await openManifest('data', fs, { rewriteBytes: 300 });
      for (const edit of edits) {
        await log.append(edit);
        acknowledged += 1;
      }
      await log.close();
    }
  } catch (error) {
    if (!fs.onOperation) throw error;
  }
  return acknowledged;
}

crash('at every operation', async () => {
  const whole = createMemoryFileSystem();
  assert.is(await workload(whole), EDITS.length);
  assert.ok((await whole.list('data/manifest'))[0]! > '000003', 'it was rewritten on the way');
  const states = STATES.map((state) => JSON.stringify([...state.tables, ...state.policies]));
  for (let at = 0; at < whole.operations; at++) {
    const fs = createMemoryFileSystem();
    fs.onOperation = (index) => {
      if (index === at) throw new PowerCut();
    };
    const acknowledged = await workload(fs);
    for (let seed = 0; seed < 10; seed++) {
      let found = fs.crashClone(createRng(at * 1000 + seed));
      // A second cut in the middle of the restart, then a restart that completes.
      const cutAt = createRng(seed).below(25);
      found.onOperation = (index) => {
        if (index === cutAt) throw new PowerCut();
      };
      await openManifest('data', found).catch(() => undefined);
      found = found.crashClone(createRng(seed));
      const { state, log } = await openManifest('data', found);
      await log.close();
      const held = states.indexOf(JSON.stringify([...state.tables, ...state.policies]));
      assert.ok(held >= acknowledged, `operation ${at}, seed ${seed}: ${held} of ${acknowledged}`);
      assert.ok(held <= acknowledged + 1);
    }
  }
});

crash.run();
