// Handles of files that are read now and then, bounded in number: the one that was not used for
// longest is closed for the next. Ten thousand tables cost no more handles than a hundred.
//
// When the system has none left (EMFILE, ENFILE), whatever asks for one through here has idle ones
// closed and tries again; from then on fewer are kept, so that there are some for sockets.

import type { FileSystem, ReadableFile } from './env/env.ts';
import { wrapFileSystem } from './env/wrapper.ts';
import { CorruptionError, hasCode, isMissing } from './errors.ts';

export interface FileHandles {
  /** The file system given, on which whatever needs a handle has one made free. */
  readonly fs: FileSystem;
  /** Handles open now, and at most. The second falls when the system runs out. */
  readonly open: number;
  readonly max: number;
  /** Times that the system ran out. */
  readonly exhausted: number;
  /**
   * The file at `path`, which keeps its name while it is read: behind it handles come and go. It is
   * opened once, so a file that is not there rejects.
   */
  read(path: string): Promise<ReadableFile>;
  /** The same for a file that the manifest names: that it is gone is damage, CorruptionError. */
  readNamed(path: string): Promise<ReadableFile>;
  /** Nobody will read the file any more: its handle is closed once reads under way are over. */
  forget(path: string): Promise<void>;
}

interface Handle {
  readonly path: string;
  readonly file: Promise<ReadableFile>;
  users: number;
  /** Nobody reads the file any more, but those who are at it. */
  isForgotten: boolean;
}

/** Kept whatever the system says: fewer, and every read opens its file. */
const HANDLES_MIN = 8;

export function createFileHandles(inner: FileSystem, handlesMax: number): FileHandles {
  // In the order of their last use, the longest unused first.
  const handles = new Map<string, Handle>();
  const waiting: (() => void)[] = [];
  /** Out of `handles`, and not closed yet. */
  let closing = 0;
  /** In `handles`, and waiting for the system to have one for them. */
  let blocked = 0;
  let max = handlesMax;
  let exhausted = 0;

  /** Closes the longest unused of those that nobody reads from; false when there is none. */
  async function closeIdle(): Promise<boolean> {
    for (const handle of handles.values()) {
      if (handle.users > 0) continue;
      handles.delete(handle.path);
      await close(handle);
      return true;
    }
    return false;
  }

  async function close({ file }: Handle): Promise<void> {
    closing++;
    // What was opened to be read has nothing to lose: a close that fails is nobody's business.
    await file.then((opened) => opened.close()).catch(() => undefined);
    closing--;
    wakeNext();
  }

  function wakeNext(): void {
    waiting.shift()?.();
  }

  /** Resolves once somebody else's read or close is over; false when there is none. */
  async function untilOver(): Promise<boolean> {
    const busy = [...handles.values()].filter(({ users }) => users > 0).length;
    if (closing === 0 && busy === blocked) return false;
    await new Promise<void>((resolve) => waiting.push(resolve));
    return true;
  }

  /** Frees a handle of ours; false when there is none, and none that will be. */
  async function makeFree(): Promise<boolean> {
    max = Math.max(Math.min(HANDLES_MIN, max), Math.min(max, handles.size) >> 1);
    if (!(await closeIdle())) return untilOver();
    while (handles.size > max && (await closeIdle()));
    return true;
  }

  /** `weight`: handles of ours that count as busy until `operation` is over. */
  async function healed<Result>(operation: () => Promise<Result>, weight = 0): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await operation();
      } catch (error) {
        if (!isExhausted(error)) throw error;
        if (attempt === 1) exhausted++;
        blocked += weight;
        try {
          if (!(await makeFree())) throw error;
        } finally {
          blocked -= weight;
        }
      } finally {
        // Whoever was woken in vain passes it on.
        if (attempt > 1) wakeNext();
      }
    }
  }

  const fs = wrapFileSystem(inner, {
    list: (path) => healed(() => inner.list(path)),
    create: (path) => healed(() => inner.create(path)),
    open: (path) => healed(() => inner.open(path)),
    truncate: (path, size) => healed(() => inner.truncate(path, size)),
    syncDir: (path) => healed(() => inner.syncDir(path)),
    reserve: (path, bytes) => healed(() => inner.reserve(path, bytes)),
    lock: (path) => healed(() => inner.lock(path)),
  });

  async function acquire(path: string): Promise<Handle> {
    // Reads are short, and none waits for another one's place.
    while (!handles.has(path) && handles.size + closing >= max) {
      if (!(await closeIdle())) await new Promise<void>((resolve) => waiting.push(resolve));
    }
    const handle =
      handles.get(path) ??
      newHandle(
        path,
        healed(() => inner.open(path), 1),
      );
    handles.delete(path);
    handles.set(path, handle);
    handle.users++;
    try {
      await handle.file;
      return handle;
    } catch (error) {
      if (handles.get(path) === handle) handles.delete(path);
      await release(handle);
      throw error;
    }
  }

  async function release(handle: Handle): Promise<void> {
    handle.users--;
    wakeNext();
    if (handle.users === 0 && handle.isForgotten) await close(handle);
  }

  async function using<Result>(
    path: string,
    use: (file: ReadableFile) => Promise<Result>,
  ): Promise<Result> {
    const handle = await acquire(path);
    try {
      return await use(await handle.file);
    } finally {
      await release(handle);
    }
  }

  async function forget(path: string): Promise<void> {
    const handle = handles.get(path);
    if (handle === undefined) return;
    handles.delete(path);
    handle.isForgotten = true;
    if (handle.users === 0) await close(handle);
  }

  async function read(path: string): Promise<ReadableFile> {
    const size = await using(path, async (file) => file.size);
    return {
      size,
      read: (offset, length) => using(path, (file) => file.read(offset, length)),
      close: () => forget(path),
    };
  }

  return {
    fs,
    get open() {
      return handles.size;
    },
    get max() {
      return max;
    },
    get exhausted() {
      return exhausted;
    },
    read,
    async readNamed(path) {
      try {
        return await read(path);
      } catch (cause) {
        if (!isMissing(cause)) throw cause;
        throw new CorruptionError(path, 0, 'expected a file, found none', { cause });
      }
    },
    forget,
  };
}

function newHandle(path: string, file: Promise<ReadableFile>): Handle {
  return { path, file, users: 0, isForgotten: false };
}

/** Whether the process, or the system, has no handle left. */
function isExhausted(error: unknown): boolean {
  return hasCode(error, 'EMFILE') || hasCode(error, 'ENFILE');
}
