// Takes a snapshot of a running engine: second names for the tables of one Version, a manifest of
// its own that names them, and SNAPSHOT with the checksums of all. The Version is retained until
// every table has its second name; from then on nothing that the engine does touches them.

import type { Core } from '../core.ts';
import type { FileSystem } from '../env/env.ts';
import { CorruptionError, isMissing } from '../errors.ts';
import {
  CURRENT_NAME,
  indexTablePath,
  manifestDir,
  manifestPath,
  SNAPSHOT_DRAFT_NAME,
  SNAPSHOT_NAME,
  tablePath,
} from '../filenames.ts';
import type { ManifestState } from '../manifest/edit.ts';
import { beginManifest } from '../manifest/log.ts';
import type { SnapshotInfo } from '../types.ts';
import { digestFile } from './digest.ts';
import { encodeSnapshotManifest, readSnapshotManifest, type SnapshotFile } from './manifest.ts';
import { beginTree, type NewTree } from './new-tree.ts';

/** The one manifest of a snapshot. */
const MANIFEST_NUMBER = 1;

/**
 * Makes the snapshot in `dir`, which must be absent or empty, of what is in tables now. When it
 * fails nothing is left; when the machine goes down, what is left has no SNAPSHOT.
 */
export async function makeSnapshot(core: Core, dir: string): Promise<SnapshotInfo> {
  const createdMs = core.env.clock.nowMs();
  const tree = await beginTree(dir, core.env.fs);
  try {
    // Its name says that the rest is not whole yet.
    const draft = await tree.create(SNAPSHOT_DRAFT_NAME);
    try {
      await tree.syncDirs();
      const { paths, lost } = await linkLive(core, tree);
      const files: SnapshotFile[] = [];
      for (const path of paths) files.push(await describe(core, dir, path));
      await draft.append([encodeSnapshotManifest({ createdMs, files })]);
      await draft.sync();
      await tree.finish(SNAPSHOT_DRAFT_NAME, SNAPSHOT_NAME);
      return { dir, files: files.length, sizeBytes: sizeOf(files), lost };
    } finally {
      await draft.close();
    }
  } catch (error) {
    await tree.discard();
    throw error;
  }
}

/** The whole snapshot in `dir`, if there is one; tables that were lost to it are not known. */
export async function findSnapshot(dir: string, fs: FileSystem): Promise<SnapshotInfo | undefined> {
  if ((await fs.size(`${dir}/${SNAPSHOT_NAME}`)) === undefined) return undefined;
  const { files } = await readSnapshotManifest(dir, fs);
  return { dir, files: files.length, sizeBytes: sizeOf(files), lost: [] };
}

function sizeOf(files: readonly SnapshotFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** What belongs to the snapshot, in the order of SNAPSHOT, and the tables that are lost to it. */
async function linkLive(
  core: Core,
  tree: NewTree,
): Promise<{ paths: string[]; lost: CorruptionError[] }> {
  const { version, state } = await core.catalog.pin();
  const paths: string[] = [];
  const lost: CorruptionError[] = [];
  const tables = new Map(state.tables);
  const indexTables = new Map(state.indexTables);
  const link = async (pathIn: (dir: string) => string): Promise<boolean> => {
    const path = pathIn('.').slice(2);
    const failure = await linkOne(core, tree, pathIn(core.dir), path);
    if (failure === undefined) paths.push(path);
    else lost.push(failure);
    return failure === undefined;
  };
  try {
    for (const meta of state.indexTables.values()) {
      const isThere = await link((dir) => indexTablePath(dir, meta.number));
      if (!isThere) indexTables.delete(meta.number);
    }
    for (const meta of state.tables.values()) {
      if (!(await link((dir) => tablePath(dir, meta)))) tables.delete(meta.number);
    }
  } finally {
    version.release();
  }
  paths.push(...(await writeManifest(core, tree, { ...state, tables, indexTables, clean: true })));
  return { paths, lost };
}

/** A table that is gone costs itself: in hard times a snapshot is needed most. */
async function linkOne(
  core: Core,
  tree: NewTree,
  source: string,
  path: string,
): Promise<CorruptionError | undefined> {
  try {
    await tree.link(source, path, (bytes) => core.io.take(bytes));
    return undefined;
  } catch (cause) {
    if (!isMissing(cause) || (await core.env.fs.size(source)) !== undefined) throw cause;
    const error = new CorruptionError(source, 0, 'expected a file, found none', { cause });
    core.settings.listener.corruption?.(error);
    return error;
  }
}

async function writeManifest(core: Core, tree: NewTree, state: ManifestState): Promise<string[]> {
  const { fs } = core.env;
  await tree.makeDir(manifestDir('.').slice(2));
  const paths = [manifestPath('.', MANIFEST_NUMBER).slice(2), CURRENT_NAME];
  for (const path of paths) tree.adopt(path);
  const { file } = await beginManifest(tree.dir, fs, MANIFEST_NUMBER, state);
  await file.close();
  return paths;
}

/** Read as it lies in the snapshot: where that is a copy, the copy is what counts. */
async function describe(core: Core, dir: string, path: string): Promise<SnapshotFile> {
  const file = await core.env.fs.open(`${dir}/${path}`);
  try {
    const pace = (bytes: number): Promise<void> => core.io.take(bytes);
    return { path, size: file.size, sha256: await digestFile(file, { pace }) };
  } finally {
    await file.close();
  }
}
