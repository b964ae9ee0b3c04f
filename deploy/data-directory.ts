// The data directory as a user meets it: made when it is missing, refused in words when it is of
// no use.

import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Storage, StorageError } from '../storage/index.ts';
import { systemReason, UserError } from './user-error.ts';

/** Tells the servers that share a Redis apart; lives and moves with the directory. */
const SERVER_ID_FILE = 'server-id';

export interface DataDirectory {
  readonly storage: Storage;
  /** Letters, digits and dashes. */
  readonly serverId: string;
}

/** Throws UserError for what the user can mend: no access, no space, another server in there. */
export async function openDataDirectory(
  dir: string,
  openStorage: (dir: string) => Promise<Storage>,
): Promise<DataDirectory> {
  try {
    await makeDirectory(dir);
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(dir, error);
  }
  const storage = await openStorage(dir).catch((error: unknown) => {
    throw refusal(dir, error);
  });
  try {
    return { storage, serverId: await readServerId(join(dir, SERVER_ID_FILE)) };
  } catch (error) {
    await storage.close();
    throw unusable(dir, error);
  }
}

/**
 * With its parents. Node's own `recursive` never comes back where the system says ENOENT inside a
 * directory that is there, as it does in /proc.
 */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(parent);
    await mkdir(path, { mode: 0o700 });
  }
}

/** To be called by the owner of the directory's lock. */
async function readServerId(path: string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => '');
  if (/^[A-Za-z0-9-]{8,64}\n$/.test(known)) return known.trim();
  const id = randomUUID();
  await writeFile(path, `${id}\n`, { mode: 0o640 });
  return id;
}

function refusal(dir: string, error: unknown): unknown {
  if (!(error instanceof StorageError)) {
    return (error as NodeJS.ErrnoException).code === undefined ? error : unusable(dir, error);
  }
  if (error.code === 'LOCKED') {
    const message = `another varve runs on ${dir}: stop it, or choose another with --data`;
    return new UserError(message, 1, { cause: error });
  }
  return new UserError(`cannot open ${dir}: ${error.message}`, 1, { cause: error });
}

function unusable(dir: string, error: unknown): UserError {
  const reason = systemReason(error);
  const message = `cannot use ${dir} for data: ${reason}; choose another with --data`;
  return new UserError(message, 1, { cause: error });
}
