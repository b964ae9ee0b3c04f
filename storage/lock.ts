// A data directory has one owner at a time.

import type { FileLock, FileSystem } from './env/env.ts';
import { StorageError } from './errors.ts';
import { LOCK_NAME } from './filenames.ts';

/** Takes the directory, made if absent, for this process. Throws LOCKED when another has it. */
export async function lockDirectory(dir: string, fs: FileSystem): Promise<FileLock> {
  await fs.makeDir(dir);
  const lock = await fs.lock(`${dir}/${LOCK_NAME}`);
  if (lock !== undefined) return lock;
  throw new StorageError(
    'LOCKED',
    `another process owns the data directory ${dir}: stop it first, or use another directory`,
  );
}
