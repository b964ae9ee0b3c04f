// File systems made of others: what is not overridden is forwarded.

import type { FileSystem } from './env.ts';

/** `inner` with some methods replaced, for fault injection, recording and measuring. */
export function wrapFileSystem(inner: FileSystem, overrides: Partial<FileSystem>): FileSystem {
  return {
    makeDir: (path) => inner.makeDir(path),
    list: (path) => inner.list(path),
    size: (path) => inner.size(path),
    create: (path) => inner.create(path),
    open: (path) => inner.open(path),
    rename: (from, to) => inner.rename(from, to),
    link: (from, to) => inner.link(from, to),
    truncate: (path, size) => inner.truncate(path, size),
    remove: (path) => inner.remove(path),
    removeDir: (path) => inner.removeDir(path),
    syncDir: (path) => inner.syncDir(path),
    freeBytes: (path) => inner.freeBytes(path),
    reserve: (path, bytes) => inner.reserve(path, bytes),
    lock: (path) => inner.lock(path),
    ...overrides,
  };
}
