// A file system in memory that keeps apart what a disk keeps apart: bytes survive a power cut once
// their file is synced, names once their directory is. `crashClone` is what a machine finds after
// the cut: all that was synced, and a random part of the rest.

import type { FileLock, FileSystem, ReadableFile, WritableFile } from '../../storage/index.ts';
import {
  appendBytes,
  applyChange,
  byteLengthOf,
  childrenOf,
  copier,
  copyNames,
  dropUnreachable,
  type FileNode,
  type NameChange,
  type Names,
  type Node,
  newFile,
  parentOf,
  sharing,
  surviving,
  syncedCopy,
} from './memory-nodes.ts';
import type { Rng } from './rng.ts';

export type OperationKind =
  | keyof FileSystem
  | 'append'
  | 'sync'
  | 'closeWritable'
  | 'read'
  | 'closeReadable';

/**
 * Runs before each operation takes effect. To fail the operation it throws: a `PowerCut` fails all
 * later ones too. To delay the operation it returns a promise.
 */
export type OperationHook = (
  index: number,
  kind: OperationKind,
  path: string,
) => void | Promise<void>;

export interface MemoryFileSystem extends FileSystem {
  /** Operations so far. */
  readonly operations: number;
  onOperation: OperationHook | undefined;
  /** Size of the disk; an append beyond it takes what fits and fails with ENOSPC. */
  capacityBytes: number;
  /** What is found after a power cut now. Locks are free, handles stay with the old one. */
  crashClone(rng: Rng): MemoryFileSystem;
  /** What is found after the process is killed now: all of it, though not a byte more is synced. */
  killClone(): MemoryFileSystem;
  /** The bytes of a file as they are now, for tests that damage them. */
  bytesOf(path: string): Uint8Array;
  /** Replaces the bytes of a file, synced: damage, or a file from elsewhere. */
  plant(path: string, bytes: Uint8Array): void;
}

/** The machine is off: thrown by a hook to turn it off, and by every operation after that. */
export class PowerCut extends Error {
  constructor() {
    super('the power is cut');
    this.name = 'PowerCut';
  }
}

/** An error as the kernel gives it. Of a failing append the first `written` bytes are taken. */
export class SystemError extends Error {
  readonly code: string;
  readonly written: number;

  constructor(code: string, path: string, written = 0) {
    super(`${code}: ${path}`);
    this.name = 'SystemError';
    this.code = code;
    this.written = written;
  }
}

export function createMemoryFileSystem(): MemoryFileSystem {
  return memoryFileSystem(new Map(), []);
}

function memoryFileSystem(durable: Names, changes: readonly NameChange[]): MemoryFileSystem {
  const names: Names = new Map(durable);
  let unsynced = [...changes];
  for (const step of unsynced) applyChange(names, step);
  const locks = new Set<string>();
  let operations = 0;
  let off = false;

  async function operate(kind: OperationKind, path: string): Promise<void> {
    if (off) throw new PowerCut();
    const index = operations++;
    try {
      await fs.onOperation?.(index, kind, path);
    } catch (error) {
      off ||= error instanceof PowerCut;
      throw error;
    }
    if (off) throw new PowerCut();
  }

  function freeBytes(): number {
    if (fs.capacityBytes === Number.POSITIVE_INFINITY) return fs.capacityBytes;
    let used = 0;
    for (const node of new Set(names.values())) {
      if (node.kind === 'file') used += node.size + node.reservedBytes;
    }
    return Math.max(0, fs.capacityBytes - used);
  }

  function change(step: NameChange): void {
    applyChange(names, step);
    unsynced.push(step);
  }

  function remove(path: string): void {
    change({ dirs: [parentOf(path)], removed: path });
  }

  function fileAt(path: string): FileNode {
    const node = names.get(path);
    if (node === undefined) throw new SystemError('ENOENT', path);
    if (node.kind !== 'file') throw new SystemError('EISDIR', path);
    return node;
  }

  function demandDir(path: string): void {
    if (path === '') return;
    const node = names.get(path);
    if (node === undefined) throw new SystemError('ENOENT', path);
    if (node.kind !== 'dir') throw new SystemError('ENOTDIR', path);
  }

  function addFile(path: string, node: FileNode): void {
    demandDir(parentOf(path));
    if (names.has(path)) throw new SystemError('EEXIST', path);
    change({ dirs: [parentOf(path)], added: [path, node] });
  }

  function makeDirs(path: string): void {
    if (path === '' || names.get(path)?.kind === 'dir') return;
    if (names.has(path)) throw new SystemError('EEXIST', path);
    makeDirs(parentOf(path));
    const node: Node = { kind: 'dir' };
    change({ dirs: [parentOf(path)], added: [path, node] });
    // The place of a data directory is its administrator's, and as old as the machine.
    if (parentOf(path) === '') durable.set(path, node);
  }

  function writable(path: string, node: FileNode): WritableFile {
    let open = true;
    return {
      async append(parts) {
        try {
          await operate('append', path);
        } catch (error) {
          const written = error instanceof SystemError ? error.written : 0;
          appendBytes(node, Buffer.concat(parts, written));
          throw error;
        }
        if (!open) throw new SystemError('EBADF', path);
        // Only now: a caller that changes what it gave too early is found out, as on a real disk.
        const fitting = Math.min(freeBytes(), byteLengthOf(parts));
        appendBytes(node, Buffer.concat(parts, fitting));
        if (fitting < byteLengthOf(parts)) throw new SystemError('ENOSPC', path);
      },
      async sync() {
        await operate('sync', path);
        if (!open) throw new SystemError('EBADF', path);
        node.syncedSize = node.size;
      },
      async close() {
        await operate('closeWritable', path);
        open = false;
      },
    };
  }

  function readable(path: string, node: FileNode): ReadableFile {
    let open = true;
    return {
      size: node.size,
      async read(offset, length) {
        await operate('read', path);
        if (!open) throw new SystemError('EBADF', path);
        return node.bytes.slice(offset, Math.min(offset + length, node.size));
      },
      async close() {
        await operate('closeReadable', path);
        open = false;
      },
    };
  }

  const fs: MemoryFileSystem = {
    onOperation: undefined,
    capacityBytes: Number.POSITIVE_INFINITY,
    get operations() {
      return operations;
    },
    async makeDir(path) {
      await operate('makeDir', path);
      makeDirs(path);
    },
    async list(path) {
      await operate('list', path);
      return childrenOf(names, path);
    },
    async size(path) {
      await operate('size', path);
      const node = names.get(path);
      return node?.kind === 'file' ? node.size + node.reservedBytes : undefined;
    },
    async create(path) {
      await operate('create', path);
      const node = newFile();
      addFile(path, node);
      return writable(path, node);
    },
    async open(path) {
      await operate('open', path);
      return readable(path, fileAt(path));
    },
    async rename(from, to) {
      await operate('rename', from);
      const node = fileAt(from);
      demandDir(parentOf(to));
      change({ dirs: [parentOf(from), parentOf(to)], removed: from, added: [to, node] });
    },
    async link(from, to) {
      await operate('link', from);
      addFile(to, fileAt(from));
    },
    async truncate(path, size) {
      await operate('truncate', path);
      const node = fileAt(path);
      node.bytes = node.bytes.slice(0, size);
      node.size = Math.min(node.size, size);
      node.syncedSize = node.size;
    },
    async remove(path) {
      await operate('remove', path);
      fileAt(path);
      remove(path);
    },
    async removeDir(path) {
      await operate('removeDir', path);
      if (names.get(path)?.kind === 'dir' && childrenOf(names, path).length === 0) remove(path);
    },
    async syncDir(path) {
      await operate('syncDir', path);
      demandDir(path);
      for (const step of unsynced) if (step.dirs.includes(path)) applyChange(durable, step);
      unsynced = unsynced.filter((step) => !step.dirs.includes(path));
    },
    async freeBytes(path) {
      await operate('freeBytes', path);
      return freeBytes();
    },
    async reserve(path, bytes) {
      await operate('reserve', path);
      if (bytes > freeBytes()) throw new SystemError('ENOSPC', path);
      const node = { ...newFile(), reservedBytes: bytes };
      addFile(path, node);
    },
    async lock(path) {
      await operate('lock', path);
      if (locks.has(path)) return undefined;
      if (!names.has(path)) addFile(path, newFile());
      locks.add(path);
      const node = names.get(path);
      return memoryLock(path, locks, () => names.get(path) === node);
    },
    crashClone(rng) {
      const found: Names = new Map(durable);
      for (const step of unsynced) if (rng.chance(0.5)) applyChange(found, step);
      dropUnreachable(found);
      const copy = copier((node) => surviving(node, rng));
      return memoryFileSystem(copyNames(found, copy), []);
    },
    killClone() {
      const copy = copier(sharing);
      const steps = unsynced.map(({ added, ...step }) =>
        added === undefined ? step : { ...step, added: [added[0], copy(added[1])] as const },
      );
      return memoryFileSystem(copyNames(durable, copy), steps);
    },
    bytesOf(path) {
      const node = fileAt(path);
      return node.bytes.slice(0, node.size);
    },
    plant(path, bytes) {
      makeDirs(parentOf(path));
      const node = syncedCopy(bytes);
      change({ dirs: [parentOf(path)], added: [path, node] });
      for (const step of unsynced) applyChange(durable, step);
      unsynced = [];
    },
  };
  return fs;
}

function memoryLock(path: string, locks: Set<string>, isThere: () => boolean): FileLock {
  return {
    isHeld: async () => isThere(),
    async release() {
      locks.delete(path);
    },
  };
}
