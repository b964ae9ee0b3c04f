// From a snapshot to a directory that a server can open, and to a second place for the snapshot.
// Whatever is read is held against SNAPSHOT.

import type { Env, FileSystem } from '../env/env.ts';
import { CorruptionError } from '../errors.ts';
import { LOCK_NAME, SNAPSHOT_DRAFT_NAME, SNAPSHOT_NAME } from '../filenames.ts';
import { lockDirectory } from '../lock.ts';
import type { SnapshotInfo } from '../types.ts';
import { digestFile } from './digest.ts';
import {
  encodeSnapshotManifest,
  readSnapshotManifest,
  type SnapshotFile,
  type SnapshotManifest,
} from './manifest.ts';
import { beginTree } from './new-tree.ts';

/** Told after each file: bytes done, and of how many. */
export type SnapshotProgress = (doneBytes: number, totalBytes: number) => void;

/** Reads all of the snapshot in `dir`. Throws CorruptionError with the first damaged file. */
export async function verifySnapshot(
  dir: string,
  { fs }: Pick<Env, 'fs'>,
  progress?: SnapshotProgress,
): Promise<SnapshotInfo> {
  const manifest = await readSnapshotManifest(dir, fs);
  await eachFile(manifest, progress, (file) => verifyFile(dir, file, fs));
  return infoOf(dir, manifest);
}

/** Reads one file of a snapshot; throws CorruptionError when it is not as it was. */
export async function verifyFile(
  dir: string,
  expected: SnapshotFile,
  fs: FileSystem,
): Promise<void> {
  const path = `${dir}/${expected.path}`;
  await demandSize(path, expected, fs);
  const file = await fs.open(path);
  try {
    demandDigest(path, expected, await digestFile(file));
  } finally {
    await file.close();
  }
}

/**
 * Copies the snapshot in `dir` to `dataDir`, which must be absent or empty: a data directory of its
 * own, whatever happens to the snapshot. Each byte that is copied is checked; on the first damage
 * CorruptionError is thrown, and nothing is left. No server can open `dataDir` before the end.
 */
export async function restoreSnapshot(
  dir: string,
  dataDir: string,
  { fs }: Pick<Env, 'fs'>,
  progress?: SnapshotProgress,
): Promise<SnapshotInfo> {
  const manifest = await readSnapshotManifest(dir, fs);
  const tree = await beginTree(dataDir, fs);
  try {
    tree.adopt(LOCK_NAME);
    const lock = await lockDirectory(dataDir, fs);
    try {
      await eachFile(manifest, progress, async (file) => {
        const source = `${dir}/${file.path}`;
        await demandSize(source, file, fs);
        demandDigest(source, file, await tree.copy(source, file.path));
      });
      await tree.syncDirs();
    } finally {
      await lock.release();
    }
  } catch (error) {
    await tree.discard();
    throw error;
  }
  return infoOf(dataDir, manifest);
}

/**
 * A second place for the snapshot in `dir`, which must be absent or empty: links where these can be
 * had, and checked copies elsewhere. When it fails nothing is left.
 */
export async function placeSnapshot(
  dir: string,
  target: string,
  { fs }: Pick<Env, 'fs'>,
  progress?: SnapshotProgress,
): Promise<SnapshotInfo> {
  const manifest = await readSnapshotManifest(dir, fs);
  const tree = await beginTree(target, fs);
  try {
    const draft = await tree.create(SNAPSHOT_DRAFT_NAME);
    try {
      await tree.syncDirs();
      await eachFile(manifest, progress, async (file) => {
        const source = `${dir}/${file.path}`;
        await demandSize(source, file, fs);
        const copied = await tree.link(source, file.path);
        if (copied !== undefined) demandDigest(source, file, copied);
      });
      await draft.append([encodeSnapshotManifest(manifest)]);
      await draft.sync();
    } finally {
      await draft.close();
    }
    await tree.finish(SNAPSHOT_DRAFT_NAME, SNAPSHOT_NAME);
  } catch (error) {
    await tree.discard();
    throw error;
  }
  return infoOf(target, manifest);
}

/** In the order of SNAPSHOT, one after another. */
async function eachFile(
  { files }: SnapshotManifest,
  progress: SnapshotProgress | undefined,
  take: (file: SnapshotFile) => Promise<void>,
): Promise<void> {
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  let doneBytes = 0;
  for (const file of files) {
    await take(file);
    doneBytes += file.size;
    progress?.(doneBytes, totalBytes);
  }
}

async function demandSize(path: string, { size }: SnapshotFile, fs: FileSystem): Promise<void> {
  const found = await fs.size(path);
  if (found === undefined) throw new CorruptionError(path, 0, 'expected a file, found none');
  if (found === size) return;
  throw new CorruptionError(path, Math.min(found, size), `expected ${size} B, found ${found} B`);
}

function demandDigest(path: string, { sha256 }: SnapshotFile, found: string): void {
  if (found === sha256) return;
  throw new CorruptionError(path, 0, `expected SHA-256 ${sha256}, found ${found}`);
}

function infoOf(dir: string, { files }: SnapshotManifest): SnapshotInfo {
  const sizeBytes = files.reduce((sum, { size }) => sum + size, 0);
  return { dir, files: files.length, sizeBytes, lost: [] };
}
