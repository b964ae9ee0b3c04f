// The way in: from a directory to a running engine.

import { Engine } from './engine.ts';
import type { Env, FileLock } from './env/env.ts';
import { createFileHandles, type FileHandles } from './file-handles.ts';
import { TABLE_HANDLES_MAX } from './limits.ts';
import { lockDirectory } from './lock.ts';
import { type Settings, settle } from './options.ts';
import { recover } from './recovery.ts';
import type { Storage, StorageOptions } from './types.ts';
import { openWalWriter } from './wal/writer.ts';

/**
 * Opens the data directory `dir`, made if absent, and brings it to its last durable state. Throws
 * StorageError: LOCKED when another process has it, CORRUPTION when what it stands on is damaged.
 */
export async function openStorage(
  dir: string,
  env: Env,
  options: StorageOptions = {},
): Promise<Storage> {
  const settings = settle(options);
  const handles = createFileHandles(env.fs, TABLE_HANDLES_MAX);
  const lock = await lockDirectory(dir, handles.fs);
  try {
    return await start(dir, { ...env, fs: handles.fs }, settings, handles, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function start(
  dir: string,
  env: Env,
  settings: Settings,
  handles: FileHandles,
  lock: FileLock,
): Promise<Storage> {
  let engine: Engine | undefined;
  const { core, nextWalSegment, info } = await recover(dir, env, settings, handles, {
    assertWritable: () => engine!.writes.assertWritable(),
    register: (series) => engine!.writes.register(series),
  });
  const wal = await openWalWriter({
    dir,
    fs: env.fs,
    clock: env.clock,
    scheduler: env.scheduler,
    sync: settings.walSync,
    intervalMs: settings.walIntervalMs,
    segment: nextWalSegment,
    onFailure: (cause) => core.trouble.report(cause),
    onSync: (sync) => settings.listener.walSynced?.(sync),
  });
  engine = new Engine(core, wal, lock);
  await engine.begin();
  settings.listener.recovered?.(info);
  return engine;
}
