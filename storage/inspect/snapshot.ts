// A snapshot, and those that a data directory keeps: what they hold, and with `verify` whether
// every file is as SNAPSHOT says.

import type { FileSystem } from '../env/env.ts';
import { CorruptionError, StorageError } from '../errors.ts';
import { SNAPSHOT_NAME, snapshotsDir } from '../filenames.ts';
import { readSnapshotManifest } from '../snapshot/manifest.ts';
import { verifyFile } from '../snapshot/restore.ts';
import { damageOf, fact, type InspectLines, note, untilUnreadable } from './line.ts';
import { bytes, count, time } from './words.ts';

export interface SnapshotInspection {
  readonly dir: string;
  readonly fs: FileSystem;
  readonly verify: boolean;
}

export async function isSnapshot(dir: string, fs: FileSystem): Promise<boolean> {
  return (await fs.list(dir)).includes(SNAPSHOT_NAME);
}

/** Ends early when SNAPSHOT itself is damaged: then nothing vouches for the rest. */
export async function* inspectSnapshot({ dir, fs, verify }: SnapshotInspection): InspectLines {
  const { createdMs, files } = await readSnapshotManifest(dir, fs);
  const sizeBytes = files.reduce((sum, { size }) => sum + size, 0);
  const contents = `${count(files.length, 'file')}, ${bytes(sizeBytes)}`;
  yield fact(`${dir}: snapshot of ${time(createdMs)}, ${contents}`);
  if (!verify) return;
  for (const file of files) {
    try {
      await verifyFile(dir, file, fs);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      yield damageOf(error);
    }
  }
}

/** Those that the data directory `dir` keeps. */
export async function* inspectSnapshots({ dir, fs, verify }: SnapshotInspection): InspectLines {
  for (const name of await fs.list(snapshotsDir(dir))) {
    const path = `${snapshotsDir(dir)}/${name}`;
    if ((await fs.size(path)) !== undefined) yield fact(`${path}: not ours, and left alone`);
    else yield* untilUnreadable(path, orHalfMade(inspectSnapshot({ dir: path, fs, verify })));
  }
}

async function* orHalfMade(lines: InspectLines): InspectLines {
  try {
    yield* lines;
  } catch (error) {
    if (error instanceof CorruptionError || !(error instanceof StorageError)) throw error;
    yield note(error.message);
  }
}
