// Files and directories of the file system in memory, and what becomes of them in a power cut.

import type { Rng } from './rng.ts';

/** What the disk writes at once; a torn write leaves garbage in the last one. */
const SECTOR_BYTES = 512;

export interface FileNode {
  readonly kind: 'file';
  /** Taken up without content, see FileSystem.reserve. */
  readonly reservedBytes: number;
  /** The first `size` never change in place: copies of the file share them. */
  bytes: Uint8Array;
  size: number;
  syncedSize: number;
}

export type Node = FileNode | { readonly kind: 'dir' };
export type Names = Map<string, Node>;

/** A change of names that its directories have not synced yet. */
export interface NameChange {
  readonly dirs: readonly string[];
  readonly removed?: string;
  readonly added?: readonly [path: string, node: Node];
}

/** '' is the root, which is always there; so is '.'. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function childrenOf(names: Names, path: string): string[] {
  const prefix = `${path}/`;
  return [...names.keys()]
    .filter((name) => name.startsWith(prefix) && !name.includes('/', prefix.length))
    .map((name) => name.slice(prefix.length))
    .sort();
}

/** A name whose directory did not survive cannot be reached. */
export function dropUnreachable(names: Names): void {
  for (const path of [...names.keys()].sort()) {
    const parent = parentOf(path);
    if (parent !== '' && names.get(parent)?.kind !== 'dir') names.delete(path);
  }
}

export function applyChange(names: Names, { removed, added }: NameChange): void {
  if (removed !== undefined) names.delete(removed);
  if (added !== undefined) names.set(...added);
}

/** Copies each node once, so that two names of one file stay two names of one file. */
export function copier(copyFile: (node: FileNode) => FileNode): (node: Node) => Node {
  const copies = new Map<Node, Node>();
  return (node) => {
    const known = copies.get(node) ?? (node.kind === 'file' ? copyFile(node) : node);
    copies.set(node, known);
    return known;
  };
}

export function copyNames(names: Names, copy: (node: Node) => Node): Names {
  return new Map([...names].map(([path, node]) => [path, copy(node)]));
}

/** All of the file as it is now. Without room behind its bytes, an append moves them first. */
export function sharing(node: FileNode): FileNode {
  return { ...node, bytes: node.bytes.subarray(0, node.size) };
}

/** The synced bytes and a random part of the others, whose last sector may be torn. */
export function surviving(node: FileNode, rng: Rng): FileNode {
  const size = node.syncedSize + rng.below(node.size - node.syncedSize + 1);
  const lastSector = Math.max(node.syncedSize, size - (size % SECTOR_BYTES || SECTOR_BYTES));
  let bytes = node.bytes.subarray(0, size);
  if (size > lastSector && rng.chance(0.5)) {
    bytes = bytes.slice();
    const tornFrom = lastSector + rng.below(size - lastSector);
    for (let i = tornFrom; i < size; i++) bytes[i] = rng.below(256);
  }
  return { ...node, bytes, size, syncedSize: size };
}

export function newFile(): FileNode {
  return syncedCopy(new Uint8Array(0));
}

export function syncedCopy(bytes: Uint8Array): FileNode {
  const size = bytes.length;
  return { kind: 'file', reservedBytes: 0, bytes: bytes.slice(), size, syncedSize: size };
}

export function byteLengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, part) => total + part.length, 0);
}

export function appendBytes(node: FileNode, part: Uint8Array): void {
  const size = node.size + part.length;
  if (size > node.bytes.length) {
    const bytes = new Uint8Array(Math.max(size, node.bytes.length * 2));
    bytes.set(node.bytes.subarray(0, node.size));
    node.bytes = bytes;
  }
  node.bytes.set(part, node.size);
  node.size = size;
}
