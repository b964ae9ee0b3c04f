// Every name on disk is made and parsed here. None comes from a user's string.
//
//   LOCK                                      held by the one process that owns the directory
//   RESERVE                                   space for hard times, see reserve.ts
//   server-id                                 which server this is, see server-id.ts
//   policy-set                                the policies that it follows, see policy-set.ts
//   CURRENT                                   the name of the live manifest, and a line feed
//   manifest/000001.manifest
//   wal/000007.wal
//   windows/3/1700000000000_1700007200000/000012.sst    policy id / window / table
//   windows/3/1700000000000_1700007200000/000014.evt    ... / table of events
//   (a tier is a policy too; its tables of summaries are .sst)
//   tag-index/000013.idx
//   snapshots/20261122T131024Z-1b2c3d4e5f607182/         a copy by links, see snapshot/
//   ....damaged                               a table put aside, see catalog.ts

import type { TableContent } from './sstable/format.ts';

export const LOCK_NAME = 'LOCK';
export const RESERVE_NAME = 'RESERVE';
/** Tells servers that share something apart; moves with the directory. */
export const SERVER_ID_NAME = 'server-id';
/** The retention policies that the server follows; written by its owner, under the draft's name. */
export const POLICY_SET_NAME = 'policy-set';
export const POLICY_SET_DRAFT_NAME = 'policy-set.tmp';
export const CURRENT_NAME = 'CURRENT';
/** CURRENT is written under this name and renamed over the old one. */
export const CURRENT_DRAFT_NAME = 'CURRENT.tmp';

/** In a snapshot's directory: what it consists of, see snapshot/manifest.ts. */
export const SNAPSHOT_NAME = 'SNAPSHOT';
/** SNAPSHOT has this name while the snapshot is being made. */
export const SNAPSHOT_DRAFT_NAME = 'SNAPSHOT.tmp';

/** Numbers are padded to this width; later ones simply grow longer. */
const NUMBER_WIDTH = 6;

/** Of a table that cannot be read, put aside beside where it was. Nobody removes it but people. */
export const DAMAGED_SUFFIX = '.damaged';

export type FileKind = 'manifest' | 'wal' | 'table' | 'events' | 'index';

const EXTENSIONS: Readonly<Record<FileKind, string>> = {
  manifest: 'manifest',
  wal: 'wal',
  table: 'sst',
  events: 'evt',
  index: 'idx',
};

const KINDS = new Map(Object.entries(EXTENSIONS).map(([kind, ext]) => [ext, kind as FileKind]));

/** What a window's directory stands for. */
export interface WindowPlace {
  readonly policyId: number;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
}

export function manifestDir(dir: string): string {
  return `${dir}/manifest`;
}

export function walDir(dir: string): string {
  return `${dir}/wal`;
}

export function windowsDir(dir: string): string {
  return `${dir}/windows`;
}

export function tagIndexDir(dir: string): string {
  return `${dir}/tag-index`;
}

/** Snapshots that a server keeps for its users, each in a directory of its own. */
export function snapshotsDir(dir: string): string {
  return `${dir}/snapshots`;
}

export function policyDir(dir: string, policyId: number): string {
  return `${windowsDir(dir)}/${policyId}`;
}

export function windowDir(dir: string, window: WindowPlace): string {
  return `${policyDir(dir, window.policyId)}/${window.windowStartMs}_${window.windowEndMs}`;
}

/** `000012.sst`. */
export function fileName(kind: FileKind, number: number): string {
  return `${String(number).padStart(NUMBER_WIDTH, '0')}.${EXTENSIONS[kind]}`;
}

export function manifestPath(dir: string, number: number): string {
  return `${manifestDir(dir)}/${fileName('manifest', number)}`;
}

export function walPath(dir: string, segment: number): string {
  return `${walDir(dir)}/${fileName('wal', segment)}`;
}

/** A table of a window, as far as its name goes. */
export interface TablePlace extends WindowPlace {
  readonly number: number;
  readonly kind: TableContent;
}

/** The kind of the files that tables of a kind are. */
export function tableFileKind(kind: TablePlace['kind']): 'table' | 'events' {
  return kind === 'events' ? 'events' : 'table';
}

export function tablePath(dir: string, table: TablePlace): string {
  return `${windowDir(dir, table)}/${fileName(tableFileKind(table.kind), table.number)}`;
}

export function indexTablePath(dir: string, number: number): string {
  return `${tagIndexDir(dir)}/${fileName('index', number)}`;
}

/** The kind and number in a file's name (without directories), or undefined when it is not ours. */
export function parseFileName(name: string): { kind: FileKind; number: number } | undefined {
  const found = /^(\d{6,15})\.([a-z]+)$/.exec(name);
  const kind = KINDS.get(found?.[2] ?? '');
  if (found === null || kind === undefined) return undefined;
  const number = Number(found[1]);
  return fileName(kind, number) === name ? { kind, number } : undefined;
}

/** The name that a table put aside had, or undefined when the name is not of one. */
export function nameBeforeDamage(name: string): string | undefined {
  return name.endsWith(DAMAGED_SUFFIX) ? name.slice(0, -DAMAGED_SUFFIX.length) : undefined;
}

/** The policy id in the name of a directory below `windows/`. */
export function parsePolicyDirName(name: string): number | undefined {
  return /^[1-9]\d{0,9}$/.test(name) ? Number(name) : undefined;
}

/** The range in the name of a window's directory. */
export function parseWindowDirName(name: string): { startMs: number; endMs: number } | undefined {
  const found = /^(0|-?[1-9]\d{0,15})_(0|-?[1-9]\d{0,15})$/.exec(name);
  if (found === null) return undefined;
  const startMs = Number(found[1]);
  const endMs = Number(found[2]);
  return startMs < endMs ? { startMs, endMs } : undefined;
}

/** Numbers of the files of `kind` among `names`, ascending: names sort as text, numbers do not. */
export function fileNumbers(names: readonly string[], kind: FileKind): number[] {
  return names
    .map(parseFileName)
    .filter((file) => file?.kind === kind)
    .map((file) => file!.number)
    .sort((a, b) => a - b);
}
