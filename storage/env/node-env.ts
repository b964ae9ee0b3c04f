// The real world: the only file of storage that touches node:fs, Date or timers.

import { randomFillSync } from 'node:crypto';
import { constants } from 'node:fs';
import * as fsp from 'node:fs/promises';
import { tryLock } from 'fs-native-extensions';
import { createWorkerCompute } from '../workers/pool.ts';
import type {
  Clock,
  Env,
  FileLock,
  FileSystem,
  ReadableFile,
  Scheduler,
  WritableFile,
} from './env.ts';

const DIR_MODE = 0o700;
const FILE_MODE = 0o640;

/** Bytes of the reserve written at once. */
const RESERVE_WRITE_BYTES = 2 ** 20;

/** The longest delay that setTimeout takes; a longer one would fire at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export function createNodeFileSystem(): FileSystem {
  return {
    async makeDir(path) {
      await fsp.mkdir(path, { recursive: true, mode: DIR_MODE });
    },
    async list(path) {
      return (await ifCode(fsp.readdir(path), ['ENOENT'], [])).sort();
    },
    async size(path) {
      const stats = await ifCode(fsp.stat(path), ['ENOENT'], undefined);
      return stats?.isFile() ? stats.size : undefined;
    },
    async create(path) {
      return writableFile(await fsp.open(path, 'wx', FILE_MODE));
    },
    async open(path) {
      const handle = await fsp.open(path, 'r');
      return withHandle(handle, async () => readableFile(handle, (await handle.stat()).size));
    },
    rename: (from, to) => fsp.rename(from, to),
    link: (from, to) => fsp.link(from, to),
    async truncate(path, size) {
      const handle = await fsp.open(path, 'r+');
      try {
        await handle.truncate(size);
        await handle.datasync();
      } finally {
        await handle.close();
      }
    },
    remove: (path) => fsp.unlink(path),
    async removeDir(path) {
      await ifCode(fsp.rmdir(path), ['ENOENT', 'ENOTEMPTY', 'EEXIST'], undefined);
    },
    async syncDir(path) {
      const handle = await fsp.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    async freeBytes(path) {
      const { bavail, bsize } = await fsp.statfs(path);
      return bavail * bsize;
    },
    reserve,
    lock,
  };
}

/** The real world. `threads` workers do the heavy work. */
export function createNodeEnv(threads = 2): Env {
  return {
    fs: createNodeFileSystem(),
    clock: createNodeClock(),
    scheduler: createNodeScheduler(),
    compute: createWorkerCompute(threads),
  };
}

export function createNodeClock(): Clock {
  return { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
}

/** Timers that hold no process open: who must run before exit is closed, not awaited. */
export function createNodeScheduler(): Scheduler {
  return {
    after(delayMs, task) {
      let timer: NodeJS.Timeout;
      const wait = (leftMs: number): void => {
        const stepMs = Math.min(leftMs, TIMEOUT_MS_MAX);
        timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : task()), stepMs);
        timer.unref();
      };
      wait(delayMs);
      return () => clearTimeout(timer);
    },
    nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

function writableFile(handle: fsp.FileHandle): WritableFile {
  return {
    async append(parts) {
      let left = parts;
      let bytesLeft = parts.reduce((total, part) => total + part.length, 0);
      // The kernel may take less than it was given: at 2 GiB, at a quota, on a signal.
      while (bytesLeft > 0) {
        const { bytesWritten } = await handle.writev(left);
        bytesLeft -= bytesWritten;
        if (bytesLeft > 0) left = skipBytes(left, bytesWritten);
      }
    },
    sync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

function readableFile(handle: fsp.FileHandle, size: number): ReadableFile {
  return {
    size,
    async read(offset, length) {
      // Memory of its own rather than from Node's pool: callers hand it on to other threads.
      const room = Math.max(0, Math.min(length, size - offset));
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(room).buffer);
      let filled = 0;
      while (filled < room) {
        const { bytesRead } = await handle.read(bytes, filled, room - filled, offset + filled);
        if (bytesRead === 0) return bytes.subarray(0, filled);
        filled += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

/** Written rather than extended: a hole takes up nothing. Noise, as a disk may compress. */
async function reserve(path: string, bytes: number): Promise<void> {
  const file = writableFile(await fsp.open(path, 'wx', FILE_MODE));
  try {
    try {
      const noise = randomFillSync(new Uint8Array(Math.min(bytes, RESERVE_WRITE_BYTES)));
      for (let left = bytes; left > 0; left -= noise.length) {
        await file.append([noise.subarray(0, left)]);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await fsp.unlink(path);
    throw error;
  }
}

async function lock(path: string): Promise<FileLock | undefined> {
  const handle = await fsp.open(path, 'a', FILE_MODE);
  return withHandle(handle, async () => {
    if (tryLock(handle.fd)) {
      return { isHeld: () => isSameFile(handle, path), release: () => handle.close() };
    }
    await handle.close();
    return undefined;
  });
}

async function isSameFile(handle: fsp.FileHandle, path: string): Promise<boolean> {
  const found = await ifCode(fsp.stat(path), ['ENOENT', 'ENOTDIR'], undefined);
  const { ino, dev } = await handle.stat();
  return found?.ino === ino && found.dev === dev;
}

/** What `use` makes of an open file; when it fails, the file is closed. */
async function withHandle<Result>(
  handle: fsp.FileHandle,
  use: () => Promise<Result>,
): Promise<Result> {
  try {
    return await use();
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function skipBytes(parts: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let first = 0;
  while (count > 0 && count >= parts[first]!.length) count -= parts[first++]!.length;
  return [parts[first]!.subarray(count), ...parts.slice(first + 1)];
}

/** The result, or `otherwise` when it fails with one of these system error codes. */
async function ifCode<Result, Otherwise>(
  result: Promise<Result>,
  codes: readonly string[],
  otherwise: Otherwise,
): Promise<Result | Otherwise> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Error && 'code' in error && codes.includes(String(error.code))) {
      return otherwise;
    }
    throw error;
  }
}
