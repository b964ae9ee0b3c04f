// `varve inspect`: says what is in a file of a data directory, or in all of it. Takes no lock and
// writes nothing, so a server may own the directory meanwhile.

import { LOG_MAGIC } from '../coding/log-format.ts';
import type { Env, FileSystem } from '../env/env.ts';
import { StorageError, toError } from '../errors.ts';
import { type FileKind, nameBeforeDamage, parseFileName } from '../filenames.ts';
import { MAGIC_BYTES, TABLE_MAGICS } from '../sstable/format.ts';
import { MAGIC as INDEX_MAGIC } from '../tag-index/format.ts';
import { inspectDirectory, isDataDirectory } from './directory.ts';
import { inspectIndexTable } from './index-table.ts';
import { fact, type InspectLines, isSystemError, untilUnreadable } from './line.ts';
import { inspectManifest } from './manifest.ts';
import { inspectSegment } from './segment.ts';
import { inspectSnapshot, isSnapshot } from './snapshot.ts';
import { inspectTable } from './table.ts';
import { count } from './words.ts';

export interface InspectOptions {
  /** Reads and checks every block and record of every file, rather than what sums them up. */
  readonly verify: boolean;
}

/**
 * Lines for people about the WAL segment, SSTable, tag index table, manifest, snapshot or data
 * directory at `place`. Whoever wants to know whether something is damaged looks for a line of that
 * kind. Throws StorageError INVALID_ARGUMENT when there is nothing of ours at `place`.
 */
export async function* inspectPath(
  place: string,
  { fs }: Env,
  options: InspectOptions,
): InspectLines {
  const path = place.replace(/(?<=.)\/+$/, '');
  let damages = 0;
  for await (const line of await openPath(path, fs, options)) {
    if (line.kind === 'damage') damages++;
    yield line;
  }
  if (damages > 0) yield fact(`${path}: ${count(damages, 'damaged place')}`);
  else if (options.verify) yield fact(`${path}: all of it was read, and nothing is damaged`);
}

async function openPath(
  path: string,
  fs: FileSystem,
  { verify }: InspectOptions,
): Promise<InspectLines> {
  try {
    if ((await fs.size(path)) === undefined) {
      if (await isSnapshot(path, fs)) {
        return untilUnreadable(path, inspectSnapshot({ dir: path, fs, verify }));
      }
      if (await isDataDirectory(path, fs)) {
        return untilUnreadable(path, inspectDirectory({ dir: path, fs, verify }));
      }
      throw nothingOfOurs(path, 'there is no data directory and no file of one');
    }
    const kind = await kindOf(path, fs);
    if (kind === undefined) throw nothingOfOurs(path, 'it is not a file of a data directory');
    return untilUnreadable(path, inspectFile(kind, path, fs, verify));
  } catch (error) {
    if (isSystemError(error)) throw nothingOfOurs(path, error.message);
    throw toError(error);
  }
}

function inspectFile(kind: FileKind, path: string, fs: FileSystem, verify: boolean): InspectLines {
  switch (kind) {
    case 'wal':
      return inspectSegment({ fs, path, mayBeTorn: true });
    case 'manifest':
      return inspectManifest({ fs, path, mayBeTorn: true });
    case 'table':
      return inspectTable({ fs, path, kind: 'points', verify });
    case 'events':
      return inspectTable({ fs, path, kind: 'events', verify });
    case 'index':
      return inspectIndexTable({ fs, path });
  }
}

/** By its content, or by its name when the content does not say: it may be damaged there. */
async function kindOf(path: string, fs: FileSystem): Promise<FileKind | undefined> {
  const file = await fs.open(path);
  try {
    const start = latin1(await file.read(0, MAGIC_BYTES));
    const end = latin1(
      await file.read(Math.max(0, file.size - INDEX_MAGIC.length), INDEX_MAGIC.length),
    );
    if (start === LOG_MAGIC.wal) return 'wal';
    if (start === LOG_MAGIC.manifest) return 'manifest';
    if (start === latin1(TABLE_MAGICS.points)) return 'table';
    if (start === latin1(TABLE_MAGICS.events)) return 'events';
    if (end === latin1(INDEX_MAGIC)) return 'index';
  } finally {
    await file.close();
  }
  const name = path.slice(path.lastIndexOf('/') + 1);
  return parseFileName(nameBeforeDamage(name) ?? name)?.kind;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function nothingOfOurs(path: string, reason: string): StorageError {
  return new StorageError('INVALID_ARGUMENT', `cannot inspect ${path}: ${reason}`);
}
