// What the program needs of storage, as one argument, so that a test can put something simpler
// in its place.

import type { Env, Storage, StorageOptions, WindowInfo } from '../storage/index.ts';

export interface Engine {
  createEnv(): Env;
  openStorage(dir: string, env: Env, options: StorageOptions): Promise<Storage>;
  /** The windows that the manifest of `dir` names: nothing is written, no lock is taken. */
  readWindows(dir: string, env: Env): Promise<readonly WindowInfo[]>;
  inspectPath(path: string, env: Env, options: { readonly verify: boolean }): Promise<Inspection>;
}

/** What is in a file or a data directory, for people. */
export interface Inspection {
  readonly text: string;
  /** One line per damaged place. */
  readonly damage: readonly string[];
}
