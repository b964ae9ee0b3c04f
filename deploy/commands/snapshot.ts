// varve snapshot DIR: has a running server make a snapshot, and takes it out of its data directory
// to DIR. Only the server can make one, and it writes into its own directory alone; the command,
// which has the rights of its user, does the rest. Hence on the same machine.

import { rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { snapshotsDir } from '../../storage/index.ts';
import { UserError } from '../user-error.ts';
import { ask } from './ask.ts';
import { demandNewDirectory, formatSnapshot, showProgress } from './snapshot-progress.ts';
import type { World } from './world.ts';

export interface SnapshotOptions {
  readonly http: string;
}

const STATUS_TIMEOUT_MS = 30_000;

export async function snapshot(
  place: string,
  { http }: SnapshotOptions,
  { engine, stdout, stderr }: World,
): Promise<void> {
  const target = resolve(place);
  await demandNewDirectory(target, 'the snapshot');
  const dataDir = await dataDirOf(http);
  if (stderr.isTTY) stderr.write(`${http} makes a snapshot\n`);
  const answer = await ask<{ readonly name: string }>(http, {
    method: 'POST',
    path: '/api/v1/admin/tsdb/snapshot',
    timeoutMs: Number.POSITIVE_INFINITY,
  });
  for (const warning of answer.warnings ?? []) stderr.write(`varve: left out: ${warning}\n`);
  const made = `${snapshotsDir(dataDir)}/${answer.data?.name}`;
  if (!(await isDirectory(made))) {
    throw new UserError(
      `the server at ${http} made the snapshot ${made}, which cannot be read here: ` +
        'run varve snapshot on its machine, as its user',
    );
  }
  const progress = showProgress(stderr);
  const info = await engine.placeSnapshot(made, target, engine.createEnv(), progress);
  // Its files are in the user's directory now; kept here too, they would take up space for ever.
  await rm(made, { recursive: true });
  stdout.write(`${formatSnapshot(info)} in ${target}\n`);
}

/** Where the server has its data: it may have been started elsewhere. */
async function dataDirOf(server: string): Promise<string> {
  const status = async (page: string): Promise<Readonly<Record<string, unknown>>> => {
    const path = `/api/v1/status/${page}`;
    const question = { method: 'GET', path, timeoutMs: STATUS_TIMEOUT_MS } as const;
    return (await ask<Record<string, unknown>>(server, question)).data ?? {};
  };
  const [flags, runtime] = [await status('flags'), await status('runtimeinfo')];
  return resolve(String(runtime['CWD']), String(flags['storage.tsdb.path']));
}

async function isDirectory(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}
