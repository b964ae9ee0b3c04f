// Files that no edit mentions: they were being written, or about to be removed, when the last owner
// of the directory went down. What is not named as ours is left alone.

import type { FileSystem } from './env/env.ts';
import {
  fileName,
  fileNumbers,
  parseFileName,
  parsePolicyDirName,
  parseWindowDirName,
  policyDir,
  tablePath,
  tagIndexDir,
  walDir,
  walPath,
  windowDir,
  windowsDir,
} from './filenames.ts';
import type { ManifestState } from './manifest/edit.ts';

/** Removes them and returns how many there were. */
export async function removeOrphans(
  dir: string,
  fs: FileSystem,
  state: ManifestState,
): Promise<number> {
  let removed = 0;
  const remove = async (path: string) => {
    await fs.remove(path);
    removed++;
  };
  for (const segment of fileNumbers(await fs.list(walDir(dir)), 'wal')) {
    if (segment < state.walSegment) await remove(walPath(dir, segment));
  }
  for (const number of fileNumbers(await fs.list(tagIndexDir(dir)), 'index')) {
    if (!state.indexTables.has(number)) {
      await remove(`${tagIndexDir(dir)}/${fileName('index', number)}`);
    }
  }
  for await (const path of windowDirs(dir, fs)) {
    for (const name of await fs.list(path)) {
      const file = parseFileName(name);
      if (file?.kind !== 'table' && file?.kind !== 'events') continue;
      // The number alone may be another table's: a power cut brings back what was removed, and its
      // number, which no edit had mentioned, was given again since.
      const meta = state.tables.get(file.number);
      const isLive = meta !== undefined && tablePath(dir, meta) === `${path}/${name}`;
      if (!isLive) await remove(`${path}/${name}`);
    }
    await fs.removeDir(path);
  }
  return removed;
}

async function* windowDirs(dir: string, fs: FileSystem): AsyncIterable<string> {
  for (const policyName of await fs.list(windowsDir(dir))) {
    const policyId = parsePolicyDirName(policyName);
    if (policyId === undefined) continue;
    for (const windowName of await fs.list(policyDir(dir, policyId))) {
      const range = parseWindowDirName(windowName);
      if (range === undefined) continue;
      yield windowDir(dir, {
        policyId,
        windowStartMs: range.startMs,
        windowEndMs: range.endMs,
      });
    }
  }
}
