// The outside world as one argument: files, time, timers and threads. Everything in storage
// reaches them through `Env`, so that a simulation can stand in for all of it.

/** Files below one data directory. Paths are plain strings joined with `/`. */
export interface FileSystem {
  /** Makes `path` and its parents, mode 0700; an existing directory is fine. */
  makeDir(path: string): Promise<void>;
  /** Names in `path`, sorted; empty when there is no such directory. */
  list(path: string): Promise<string[]>;
  /** Size in bytes, or undefined when there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** A new, empty file, mode 0640; fails with EEXIST when there is one. */
  create(path: string): Promise<WritableFile>;
  open(path: string): Promise<ReadableFile>;
  /** Replaces `to` when it exists. Durable only after `syncDir` of the parent. */
  rename(from: string, to: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  /** Cuts the file to `size` bytes and syncs it. */
  truncate(path: string, size: number): Promise<void>;
  remove(path: string): Promise<void>;
  /** Removes an empty directory; one that is absent or not empty is left as it is. */
  removeDir(path: string): Promise<void>;
  /** Makes creations, renames and removals in `path` durable. */
  syncDir(path: string): Promise<void>;
  /** Bytes that new files below `path` may take. */
  freeBytes(path: string): Promise<number>;
  /** A new, synced file that takes up `bytes` of the disk; when it fails, nothing of it is left. */
  reserve(path: string, bytes: number): Promise<void>;
  /** Takes the exclusive lock on `path`, or undefined when another process holds it. */
  lock(path: string): Promise<FileLock | undefined>;
}

export interface WritableFile {
  /** Appends all of `parts` in order. The caller leaves them unchanged until it resolves. */
  append(parts: readonly Uint8Array[]): Promise<void>;
  /** fdatasync: what was appended survives a power cut once this resolves. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface ReadableFile {
  readonly size: number;
  /** Exactly `length` bytes from `offset`, or fewer at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface FileLock {
  /** Whether its path still leads to the file that is locked: else another may be locked there. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

export interface Clock {
  /** Wall time in ms since the epoch. It may jump. */
  nowMs(): number;
  /** Monotonic time in ms from an arbitrary start. */
  monotonicMs(): number;
}

export interface Scheduler {
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Resolves after whatever else is ready has had its turn: for loops that would hold it up. */
  nextTurn(): Promise<void>;
}

/** Where pure, heavy work runs: worker threads in a server, inline in a simulation. */
export interface Compute {
  /** Runs the job called `name` (see workers/jobs.ts) on `input` and returns its output. */
  run<Input, Output>(
    name: string,
    input: Input,
    transfer?: readonly ArrayBuffer[],
  ): Promise<Output>;
  close(): Promise<void>;
}

export interface Env {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly compute: Compute;
}
