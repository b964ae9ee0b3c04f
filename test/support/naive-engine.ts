// The naive storage where the program expects its engine: what it needs of the disk is the lock
// file, so that two processes on one directory meet as they would in earnest.

import { join } from 'node:path';
import type { Engine } from '../../deploy/engine.ts';
import {
  createNodeClock,
  createNodeFileSystem,
  createNodeScheduler,
} from '../../storage/env/node-env.ts';
import { placeSnapshot, restoreSnapshot, StorageError } from '../../storage/index.ts';
import { createNaiveStorage } from './naive-storage.ts';

const HOUR_MS = 3_600_000;

export const naiveEngine: Engine = {
  createEnv: () => ({
    fs: createNodeFileSystem(),
    clock: createNodeClock(),
    scheduler: createNodeScheduler(),
    compute: { run: () => Promise.reject(new Error('no jobs here')), close: async () => {} },
  }),
  async openStorage(dir, env, { policies }) {
    const lock = await env.fs.lock(join(dir, 'LOCK'));
    if (lock === undefined) throw new StorageError('LOCKED', `${dir} is locked`);
    const storage = createNaiveStorage(policies);
    const { close } = storage;
    return Object.assign(storage, {
      async close() {
        await close();
        await lock.release();
      },
    });
  },
  /** One window of the default policy that expired at 1970-01-31T04:00Z. */
  readWindows: async () => [
    {
      key: 'default/0',
      policy: { name: 'default', keepMs: 30 * 24 * HOUR_MS, windowMs: 2 * HOUR_MS },
      startMs: 0,
      endMs: 2 * HOUR_MS,
      tables: 1,
      points: 120,
      series: 2,
      sizeBytes: 1920,
    },
  ],
  placeSnapshot,
  restoreSnapshot,
  async *inspectPath(path, _env, { verify }) {
    yield { kind: 'fact', text: `${path}: 1 block${verify ? ', read' : ''}` };
    if (!verify || !path.endsWith('damaged')) return;
    yield { kind: 'damage', text: `${path} is damaged at byte 7` };
  },
};
