// Every name in a data directory: files that are ours by their name and place, and others.

import type { FileSystem } from '../env/env.ts';
import {
  CURRENT_DRAFT_NAME,
  CURRENT_NAME,
  type FileKind,
  indexTablePath,
  LOCK_NAME,
  manifestDir,
  manifestPath,
  nameBeforeDamage,
  POLICY_SET_DRAFT_NAME,
  POLICY_SET_NAME,
  parseFileName,
  parsePolicyDirName,
  parseWindowDirName,
  policyDir,
  RESERVE_NAME,
  SERVER_ID_NAME,
  snapshotsDir,
  tablePath,
  tagIndexDir,
  walDir,
  walPath,
  windowsDir,
} from '../filenames.ts';
import type { ManifestState } from '../manifest/edit.ts';

export interface TreeFile {
  /** aside: a table that could not be read. Undefined: the name is not ours. */
  readonly kind: FileKind | 'aside' | undefined;
  readonly path: string;
  readonly number: number;
}

/** What the directory's CURRENT names, and what the edits in there add up to. */
export interface LiveState {
  readonly manifest: number;
  readonly state: ManifestState;
}

/** Files in the order of their kinds, then those with other names. */
export async function* walkTree(dir: string, fs: FileSystem): AsyncGenerator<TreeFile, void, void> {
  yield* filesIn(manifestDir(dir), ['manifest'], fs);
  yield* filesIn(walDir(dir), ['wal'], fs);
  yield* filesIn(tagIndexDir(dir), ['index'], fs);
  yield* windowFiles(dir, fs);
  const known = [
    ...[LOCK_NAME, RESERVE_NAME, SERVER_ID_NAME, POLICY_SET_NAME, POLICY_SET_DRAFT_NAME].map(
      (name) => `${dir}/${name}`,
    ),
    ...[CURRENT_NAME, CURRENT_DRAFT_NAME].map((name) => `${dir}/${name}`),
    ...[manifestDir(dir), walDir(dir), tagIndexDir(dir), windowsDir(dir), snapshotsDir(dir)],
  ];
  for (const name of await fs.list(dir)) {
    const path = `${dir}/${name}`;
    if (!known.includes(path)) yield unknown(path);
  }
}

/** Whether the manifest names the file; a WAL segment is live from the first that it names on. */
export function isLive(dir: string, { manifest, state }: LiveState, file: TreeFile): boolean {
  const { kind, path, number } = file;
  switch (kind) {
    case 'manifest':
      return path === manifestPath(dir, manifest);
    case 'wal':
      return path === walPath(dir, number) && number >= state.walSegment;
    case 'table':
    case 'events': {
      const meta = state.tables.get(number);
      return meta !== undefined && path === tablePath(dir, meta);
    }
    case 'index':
      return state.indexTables.has(number) && path === indexTablePath(dir, number);
    case 'aside':
    case undefined:
      return false;
  }
}

async function* windowFiles(dir: string, fs: FileSystem): AsyncGenerator<TreeFile, void, void> {
  for (const policyName of await fs.list(windowsDir(dir))) {
    const policyId = parsePolicyDirName(policyName);
    if (policyId === undefined) {
      yield unknown(`${windowsDir(dir)}/${policyName}`);
      continue;
    }
    const policyPath = policyDir(dir, policyId);
    for (const windowName of await fs.list(policyPath)) {
      const path = `${policyPath}/${windowName}`;
      if (parseWindowDirName(windowName) === undefined) yield unknown(path);
      else yield* filesIn(path, ['table', 'events'], fs);
    }
  }
}

async function* filesIn(
  dir: string,
  kinds: readonly FileKind[],
  fs: FileSystem,
): AsyncGenerator<TreeFile, void, void> {
  for (const name of await fs.list(dir)) {
    const before = nameBeforeDamage(name);
    const file = parseFileName(before ?? name);
    const path = `${dir}/${name}`;
    if (file === undefined || !kinds.includes(file.kind)) yield unknown(path);
    else yield { path, number: file.number, kind: before === undefined ? file.kind : 'aside' };
  }
}

function unknown(path: string): TreeFile {
  return { kind: undefined, path, number: 0 };
}
