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
  SNAPSHOT_DRAFT_NAME,
  SNAPSHOT_NAME,
  snapshotsDir,
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
  for (const path of await draftSnapshots(dir, fs)) removed += await removeTree(path, fs);
  return removed;
}

/** Snapshots whose making was cut short: what they link to would take up space for ever. */
async function draftSnapshots(dir: string, fs: FileSystem): Promise<string[]> {
  const drafts: string[] = [];
  for (const name of await fs.list(snapshotsDir(dir))) {
    const path = `${snapshotsDir(dir)}/${name}`;
    if ((await fs.size(path)) !== undefined) continue;
    const names = await fs.list(path);
    if (names.includes(SNAPSHOT_DRAFT_NAME) && !names.includes(SNAPSHOT_NAME)) drafts.push(path);
  }
  return drafts;
}

/** All below `dir`; the name that says what it is goes last. Returns how many files there were. */
async function removeTree(dir: string, fs: FileSystem): Promise<number> {
  let removed = 0;
  const names = await fs.list(dir);
  const last = (name: string): number => Number(name === SNAPSHOT_DRAFT_NAME);
  for (const name of names.sort((a, b) => last(a) - last(b))) {
    const path = `${dir}/${name}`;
    if ((await fs.size(path)) === undefined) removed += await removeTree(path, fs);
    else {
      await fs.remove(path);
      removed++;
    }
  }
  await fs.removeDir(dir);
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
