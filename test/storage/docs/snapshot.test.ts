// The worked SNAPSHOT of snapshot.md is what the code reads, and what it writes.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openStorage } from '../../../storage/index.ts';
import {
  decodeSnapshotManifest,
  encodeSnapshotManifest,
} from '../../../storage/snapshot/manifest.ts';
import { createSimEnv } from '../../sim/sim-env.ts';
import { example as exampleOf } from '../../support/documents.ts';

const docs = suite('storage/docs: snapshot');

const text = exampleOf('storage/docs/format/snapshot.md', 'json');
const example = new TextEncoder().encode(text);

docs('the example of snapshot.md is read as it says', () => {
  const manifest = decodeSnapshotManifest(example, 'SNAPSHOT');
  assert.is(manifest.createdMs, 1_700_000_000_000);
  assert.equal(
    manifest.files.map(({ path, size }) => [path, size]),
    [
      ['manifest/000001.manifest', 72],
      ['CURRENT', 16],
    ],
  );
  assert.equal(encodeSnapshotManifest(manifest), example);
});

docs('the example of snapshot.md is what is written', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env);
  await storage.snapshot('snapshot');
  await storage.close();
  assert.is(new TextDecoder().decode(env.fs.bytesOf('snapshot/SNAPSHOT')), text);
});

docs.run();
