// A small data directory of every version of the format, read for ever.
//
// When a format changes after a release: raise VERSION, run
// `UPDATE=1 node dist/test/run.js golden`, check the new directory in, and leave the older ones as
// they are. Before the first release the same command rewrites the only one.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectPath, openStorage } from '../../storage/index.ts';
import { createSimEnv } from '../sim/sim-env.ts';
import { contentsOf } from '../support/storage.ts';
import { GOLDEN_OPTIONS, sortedEvents, writeGoldenDirectory } from './golden-directory.ts';
import {
  goldenVersions,
  readGoldenContents,
  readGoldenData,
  readGoldenEvents,
  writeGolden,
} from './golden-files.ts';

/** The version that the engine writes today. */
const VERSION = 'v1';

const golden = suite('golden');

if (process.env['UPDATE'] === '1') {
  await writeGolden(VERSION, await writeGoldenDirectory());
}

golden('the version that is written today is among those that are read', () => {
  assert.ok(goldenVersions().includes(VERSION));
});

for (const version of goldenVersions()) {
  golden(`every point of ${version} is read back, before and after it is owned`, async () => {
    const fs = readGoldenData(version);
    const expected = readGoldenContents(version);
    assert.ok(expected.size > 0);
    for (let start = 0; start < 2; start++) {
      const damage: string[] = [];
      const storage = await openStorage('data', createSimEnv(fs), {
        ...GOLDEN_OPTIONS,
        listener: { corruption: (error) => damage.push(error.message) },
      });
      assert.equal(await contentsOf(storage), expected);
      assert.equal(await sortedEvents(storage), readGoldenEvents(version));
      await storage.close();
      assert.equal(damage, []);
    }
  });

  golden(`every file of ${version} verifies`, async () => {
    const env = createSimEnv(readGoldenData(version));
    for await (const { kind, text } of inspectPath('data', env, { verify: true })) {
      assert.is(kind, 'fact', text);
    }
  });
}

golden('what is written today holds what the newest golden directory holds', async () => {
  const { fs, contents, events } = await writeGoldenDirectory();
  assert.equal(contents, readGoldenContents(VERSION));
  assert.equal(events, readGoldenEvents(VERSION));
  const storage = await openStorage('data', createSimEnv(fs), GOLDEN_OPTIONS);
  assert.equal(await contentsOf(storage), contents);
  await storage.close();
});

golden.run();
