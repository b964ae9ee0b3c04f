import { stat } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createNodeClock,
  createNodeFileSystem,
  createNodeScheduler,
} from '../../../storage/env/node-env.ts';
import { wrapFileSystem } from '../../../storage/env/wrapper.ts';
import { fileSystemContract } from '../../contract/file-system.ts';
import { tempDir } from '../../support/temp-dir.ts';

fileSystemContract('storage/env/node-env: FileSystem', async () => ({
  fs: createNodeFileSystem(),
  dir: await tempDir(),
}));

fileSystemContract('storage/env/wrapper', async () => ({
  fs: wrapFileSystem(createNodeFileSystem(), {}),
  dir: await tempDir(),
}));

const nodeEnv = suite('storage/env/node-env');

nodeEnv('directories are 0700 and files 0640', async () => {
  const fs = createNodeFileSystem();
  const dir = `${await tempDir()}/data`;
  await fs.makeDir(dir);
  await (await fs.create(`${dir}/a`)).close();
  assert.is((await stat(dir)).mode & 0o777, 0o700);
  assert.is((await stat(`${dir}/a`)).mode & 0o777 & ~0o640, 0);
});

nodeEnv('an append of thousands of parts arrives whole', async () => {
  const fs = createNodeFileSystem();
  const path = `${await tempDir()}/many`;
  const parts = Array.from({ length: 5000 }, (_, i) => new Uint8Array(i % 7).fill(i));
  const file = await fs.create(path);
  await file.append(parts);
  await file.close();
  const reader = await fs.open(path);
  const want = Buffer.concat(parts);
  assert.is(Buffer.compare(await reader.read(0, reader.size), want), 0);
  await reader.close();
});

nodeEnv('a wrapper replaces what it overrides', async () => {
  const fs = wrapFileSystem(createNodeFileSystem(), { list: async () => ['overridden'] });
  assert.equal(await fs.list('/nowhere'), ['overridden']);
});

nodeEnv('a task runs after its delay, and not once it is cancelled', async () => {
  const scheduler = createNodeScheduler();
  const cancel = scheduler.after(0, () => assert.unreachable('cancelled'));
  cancel();
  // The timer under test holds no process open, so something else has to.
  const hold = setInterval(() => {}, 1000);
  await new Promise<void>((resolve) => scheduler.after(1, resolve));
  clearInterval(hold);
});

nodeEnv('a delay beyond what timers take does not fire at once', async () => {
  const scheduler = createNodeScheduler();
  const cancel = scheduler.after(2 ** 40, () => assert.unreachable('fired'));
  const hold = setInterval(() => {}, 1000);
  await new Promise<void>((resolve) => scheduler.after(5, resolve));
  clearInterval(hold);
  cancel();
});

nodeEnv('monotonic time goes forwards', () => {
  const clock = createNodeClock();
  const before = clock.monotonicMs();
  assert.ok(clock.monotonicMs() >= before);
  assert.ok(clock.nowMs() > 1_600_000_000_000);
});

nodeEnv.run();
