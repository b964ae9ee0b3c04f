// Stands where the engine will: replaced when it lands.

import type { Env } from './env/env.ts';
import { StorageError } from './errors.ts';
import type { Storage, StorageOptions, WindowInfo } from './types.ts';

const ABSENT = new StorageError('UNAVAILABLE', 'the engine is not part of this branch');

export function createNodeEnv(): Env {
  throw ABSENT;
}

export async function openStorage(
  _dir: string,
  _env: Env,
  _options: StorageOptions,
): Promise<Storage> {
  throw ABSENT;
}

export async function readWindows(_dir: string, _env: Env): Promise<readonly WindowInfo[]> {
  throw ABSENT;
}

export async function inspectPath(
  _path: string,
  _env: Env,
  _options: { readonly verify: boolean },
): Promise<{ readonly text: string; readonly damage: readonly string[] }> {
  throw ABSENT;
}
