// The data directory as a user meets it: made when it is missing, refused in words when it is of
// no use.

import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  decodeServerId,
  encodeServerId,
  SERVER_ID_NAME,
  type Storage,
  StorageError,
} from '../storage/index.ts';
import type { Logger } from './logging.ts';
import { systemReason, UserError } from './user-error.ts';

export interface DataDirectory {
  readonly storage: Storage;
  /** Letters, digits and dashes. */
  readonly serverId: string;
}

/** Throws UserError for what the user can mend: no access, no space, another server in there. */
export async function openDataDirectory(
  dir: string,
  openStorage: (dir: string) => Promise<Storage>,
  log: Logger,
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
    return { storage, serverId: await readServerId(join(dir, SERVER_ID_NAME), log) };
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
async function readServerId(path: string, log: Logger): Promise<string> {
  const text = await readFile(path, 'utf8').catch(absent);
  const known = text === undefined ? undefined : decodeServerId(text);
  if (known !== undefined) return known;
  const id = randomUUID();
  if (text !== undefined) log.error({ path, id }, 'the server id is damaged: this is a new one');
  await writeFile(path, encodeServerId(id), { mode: 0o640 });
  return id;
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function refusal(dir: string, error: unknown): unknown {
  if (!(error instanceof StorageError)) {
    return (error as NodeJS.ErrnoException).code === undefined ? error : unusable(dir, error);
  }
  if (error.code === 'LOCKED') {
    const message = `another varve runs on ${dir}: stop it, or choose another with --data`;
    return new UserError(message, 1, { cause: error });
  }
  const advice = error.code === 'CORRUPTION' ? '; restore it from a snapshot: varve restore' : '';
  return new UserError(`cannot open ${dir}: ${error.message}${advice}`, 1, { cause: error });
}

function unusable(dir: string, error: unknown): UserError {
  const reason = systemReason(error);
  const message = `cannot use ${dir} for data: ${reason}; choose another with --data`;
  return new UserError(message, 1, { cause: error });
}
