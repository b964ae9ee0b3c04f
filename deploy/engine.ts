// What the program needs of storage, as one argument, so that a test can put something simpler
// in its place.

import type { Env, InspectLine, Storage, StorageOptions, WindowInfo } from '../storage/index.ts';

export interface Engine {
  createEnv(): Env;
  openStorage(dir: string, env: Env, options: StorageOptions): Promise<Storage>;
  /** The windows that the manifest of `dir` names: nothing is written, no lock is taken. */
  readWindows(dir: string, env: Env): Promise<readonly WindowInfo[]>;
  /** What is in a file or a data directory, for people. */
  inspectPath(
    path: string,
    env: Env,
    options: { readonly verify: boolean },
  ): AsyncIterable<InspectLine>;
}
