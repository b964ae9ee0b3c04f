// A whole data directory: what its manifest says, whether the files are there, and with `verify`
// whether they are whole. A server may own it meanwhile: a file that went away because an edit let
// go of it is not missed.

import type { FileSystem } from '../env/env.ts';
import { CorruptionError, StorageError } from '../errors.ts';
import {
  CURRENT_NAME,
  fileNumbers,
  indexTablePath,
  LOCK_NAME,
  manifestDir,
  manifestPath,
  POLICY_SET_NAME,
  SERVER_ID_NAME,
  tableFileKind,
  tablePath,
  walDir,
  walPath,
} from '../filenames.ts';
import { currentManifest } from '../manifest/current.ts';
import type { ManifestState } from '../manifest/edit.ts';
import { replayManifest } from '../manifest/log.ts';
import { decodePolicySet } from '../policy-set.ts';
import { decodeServerId } from '../server-id.ts';
import { lastBegun } from '../wal/reader.ts';
import { windowsOf } from '../windows/windows.ts';
import { inspectIndexTable } from './index-table.ts';
import { damage, damageOf, fact, type InspectLines, note, untilUnreadable } from './line.ts';
import { describePolicy, describeTombstone, inspectManifest } from './manifest.ts';
import { inspectSegment } from './segment.ts';
import { inspectSnapshots } from './snapshot.ts';
import { inspectTable } from './table.ts';
import { isLive, type LiveState, type TreeFile, walkTree } from './tree.ts';
import { bytes, bytesPer, count, time } from './words.ts';

export interface DirectoryInspection {
  readonly dir: string;
  readonly fs: FileSystem;
  readonly verify: boolean;
}

/** How often CURRENT is read again when the manifest that it named is gone. */
const ATTEMPTS_MAX = 5;

export async function isDataDirectory(dir: string, fs: FileSystem): Promise<boolean> {
  const names = await fs.list(dir);
  if (names.includes(CURRENT_NAME) || names.includes(LOCK_NAME)) return true;
  // ... whose CURRENT is lost.
  return fileNumbers(await fs.list(manifestDir(dir)), 'manifest').length > 0;
}

export async function* inspectDirectory(inspection: DirectoryInspection): InspectLines {
  const { dir, fs, verify } = inspection;
  let live: LiveState | undefined;
  try {
    live = await readLive(dir, fs);
    yield fact(`${dir}: data directory, ${condition(live)}`);
  } catch (error) {
    yield fact(`${dir}: data directory, of which the manifest cannot be read`);
    const line = damageOf(error);
    // A manifest that is there is read again below, edit by edit.
    if (!verify || !(await isManifest(dir, fs, (error as CorruptionError).path))) yield line;
  }
  if (live !== undefined) yield* stateLines(dir, live);
  yield* walLines(inspection, live);
  if (live !== undefined) yield* missingLines(inspection, live.state);
  for await (const file of walkTree(dir, fs)) {
    yield* fileLines(inspection, live, file);
  }
  if (verify) {
    yield* textLines(inspection, SERVER_ID_NAME, decodeServerId, 'it is not a server id');
    yield* textLines(inspection, POLICY_SET_NAME, decodePolicySet, 'it is not a set of policies');
  }
  yield* inspectSnapshots(inspection);
}

/** A small file that vouches for itself; it may be absent. */
async function* textLines(
  { dir, fs }: DirectoryInspection,
  name: string,
  decode: (text: string) => unknown,
  otherwise: string,
): InspectLines {
  const path = `${dir}/${name}`;
  if ((await fs.size(path)) === undefined) return;
  const file = await fs.open(path);
  try {
    const text = new TextDecoder().decode(await file.read(0, file.size));
    if (decode(text) === undefined) yield damage(path, 0, otherwise);
  } finally {
    await file.close();
  }
}

async function isManifest(dir: string, fs: FileSystem, path: string): Promise<boolean> {
  return path.startsWith(`${manifestDir(dir)}/`) && (await fs.size(path)) !== undefined;
}

function condition(live: LiveState | undefined): string {
  if (live === undefined) return 'to which nothing was ever written';
  return live.state.clean ? 'closed cleanly' : 'in use, or not closed cleanly';
}

/** Undefined when nothing was ever written. Throws CorruptionError. */
async function readLive(dir: string, fs: FileSystem): Promise<LiveState | undefined> {
  let manifest = await currentManifest(dir, fs);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (manifest === undefined) return undefined;
    const path = manifestPath(dir, manifest);
    if ((await fs.size(path)) !== undefined) {
      return { manifest, state: (await replayManifest(path, fs)).state };
    }
    // A server that rewrites its manifest removes the old one after it has switched CURRENT.
    const next = await currentManifest(dir, fs);
    if (next === manifest) throw new CorruptionError(path, 0, 'expected a file, found none');
    manifest = next;
  }
  throw new StorageError('UNAVAILABLE', `the manifest of ${dir} is rewritten faster than read`);
}

async function* stateLines(dir: string, { manifest, state }: LiveState): InspectLines {
  yield fact(`live manifest: ${manifestPath(dir, manifest)}`);
  const windows = windowsOf(state);
  for (const policy of state.policies.values()) {
    const own = windows.filter(({ key }) => key.startsWith(`${policy.id}/`));
    const thing = policy.rollup === undefined ? 'point' : 'summary value';
    const total = { tables: 0, points: 0, sizeBytes: 0 };
    for (const { tables, points, sizeBytes } of own) {
      total.tables += tables;
      total.points += points;
      total.sizeBytes += sizeBytes;
    }
    yield fact(
      `${describePolicy(policy)}: ${count(own.length, 'window')}, ${figures(total, thing)}`,
    );
    for (const window of own) {
      const { startMs, endMs } = window;
      yield fact(`  window ${time(startMs)} up to ${time(endMs)}: ${figures(window, thing)}`);
    }
  }
  for (const tombstone of state.tombstones.values()) {
    yield fact(`${describeTombstone(tombstone)}: hidden in tables before it`);
  }
  const levels = new Map<number, { tables: number; sizeBytes: number }>();
  for (const { level, sizeBytes } of state.indexTables.values()) {
    const sum = levels.get(level) ?? { tables: 0, sizeBytes: 0 };
    levels.set(level, { tables: sum.tables + 1, sizeBytes: sum.sizeBytes + sizeBytes });
  }
  for (const [level, { tables, sizeBytes }] of [...levels].sort(([a], [b]) => a - b)) {
    yield fact(`tag index level ${level}: ${count(tables, 'table')}, ${bytes(sizeBytes)}`);
  }
}

function figures(
  of: { readonly tables: number; readonly points: number; readonly sizeBytes: number },
  thing: string,
): string {
  const { tables, points, sizeBytes } = of;
  return (
    `${count(tables, 'table')}, ${count(points, thing)}, ${bytes(sizeBytes)}, ` +
    bytesPer(thing, sizeBytes, points)
  );
}

async function* walLines(
  inspection: DirectoryInspection,
  live: LiveState | undefined,
): InspectLines {
  const { dir, fs } = inspection;
  const segments = await walSegments(dir, fs, live);
  let sizeBytes = 0;
  for (const segment of segments) {
    sizeBytes += (await fs.size(walPath(dir, segment))) ?? 0;
  }
  const first = live === undefined ? '' : ` from segment ${live.state.walSegment} on`;
  yield fact(`WAL${first}: ${count(segments.length, 'segment')}, ${bytes(sizeBytes)}`);
  let expected = live?.state.walSegment ?? segments[0] ?? 0;
  for (const segment of segments) {
    for (; expected < segment; expected++) {
      const file: TreeFile = { kind: 'wal', path: walPath(dir, expected), number: expected };
      if (await isLetGo(inspection, file)) continue;
      yield damage(file.path, 0, 'expected a segment before later ones, found none');
    }
    expected = segment + 1;
  }
}

/** Those that the next start replays, ascending. */
async function walSegments(
  dir: string,
  fs: FileSystem,
  live: LiveState | undefined,
): Promise<number[]> {
  const all = fileNumbers(await fs.list(walDir(dir)), 'wal');
  const last = (await lastBegun(dir, fs, all)) ?? 0;
  return all.filter((segment) => segment >= (live?.state.walSegment ?? 0) && segment <= last);
}

/** Tables that the manifest names and the directory does not have, or not in their size. */
async function* missingLines(inspection: DirectoryInspection, state: ManifestState): InspectLines {
  const { dir, fs, verify } = inspection;
  const named: (TreeFile & { readonly sizeBytes: number })[] = [];
  for (const meta of state.tables.values()) {
    named.push({ ...meta, kind: tableFileKind(meta.kind), path: tablePath(dir, meta) });
  }
  for (const meta of state.indexTables.values()) {
    named.push({ ...meta, kind: 'index', path: indexTablePath(dir, meta.number) });
  }
  for (const file of named) {
    const size = await fs.size(file.path);
    // Whoever reads a table finds that its size is wrong.
    if (size === file.sizeBytes || (verify && size !== undefined)) continue;
    if (size === undefined && (await isLetGo(inspection, file))) continue;
    const found = size === undefined ? 'none' : `one of ${size} B`;
    yield damage(file.path, 0, `expected a file of ${file.sizeBytes} B, found ${found}`);
  }
}

/** What there is to say of one file beyond what the manifest says. */
async function* fileLines(
  inspection: DirectoryInspection,
  live: LiveState | undefined,
  file: TreeFile,
): InspectLines {
  if (file.kind === 'aside') {
    const size = bytes((await inspection.fs.size(file.path)) ?? 0);
    yield note(`${file.path}: put aside, as it could not be read, ${size}: keep or delete it`);
  } else if (file.kind === undefined) {
    yield fact(`${file.path}: not ours, and left alone`);
  } else if (live !== undefined && !isLive(inspection.dir, live, file)) {
    const size = bytes((await inspection.fs.size(file.path)) ?? 0);
    yield note(`${file.path}: left over or not in use yet, ${size}: the manifest does not name it`);
  } else if (inspection.verify) {
    for await (const line of untilUnreadable(file.path, verifyLines(inspection, live, file))) {
      if (line.kind === 'fact') continue;
      if (line.kind === 'damage' && (await isLetGo(inspection, file))) return;
      yield line;
    }
  }
}

async function* verifyLines(
  { dir, fs }: DirectoryInspection,
  live: LiveState | undefined,
  { kind, path, number }: TreeFile,
): InspectLines {
  // Whoever closes cleanly leaves no torn end.
  const mayBeTorn = !(live?.state.clean ?? false);
  if (kind === 'manifest') yield* inspectManifest({ fs, path, mayBeTorn });
  if (kind === 'wal') {
    const isLast = (await walSegments(dir, fs, live)).at(-1) === number;
    yield* inspectSegment({ fs, path, mayBeTorn: mayBeTorn && isLast });
  }
  const table = live?.state.tables.get(number);
  const verify = true;
  if (kind === 'table' || kind === 'events') {
    const of = kind === 'table' ? 'points' : 'events';
    yield* inspectTable({
      fs,
      path,
      kind: of,
      verify,
      ...(table !== undefined && { expected: table }),
    });
  }
  const index = live?.state.indexTables.get(number);
  if (kind === 'index') {
    yield* inspectIndexTable({ fs, path, ...(index !== undefined && { expected: index }) });
  }
}

/** The file is gone, and the manifest as it is by now does not name it. */
async function isLetGo({ dir, fs }: DirectoryInspection, file: TreeFile): Promise<boolean> {
  if ((await fs.size(file.path)) !== undefined) return false;
  const live = await readLive(dir, fs);
  return live !== undefined && !isLive(dir, live, file);
}
