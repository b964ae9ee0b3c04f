// varve restore DIR --data DIR: a data directory from a snapshot, every byte of which is checked.

import { resolve } from 'node:path';
import { demandNewDirectory, formatSnapshot, showProgress } from './snapshot-progress.ts';
import type { World } from './world.ts';

export interface RestoreOptions {
  readonly data: string;
}

export async function restore(
  dir: string,
  { data }: RestoreOptions,
  { engine, stdout, stderr }: World,
): Promise<void> {
  const dataDir = resolve(data);
  await demandNewDirectory(dataDir, 'the data');
  const progress = showProgress(stderr);
  const info = await engine.restoreSnapshot(resolve(dir), dataDir, engine.createEnv(), progress);
  stdout.write(`${formatSnapshot(info)} checked and restored; varve serve --data ${data}\n`);
}
