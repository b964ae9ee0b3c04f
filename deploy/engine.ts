// What the program needs of storage, as one argument, so that a test can put something simpler
// in its place.

import type {
  Env,
  InspectLine,
  placeSnapshot,
  restoreSnapshot,
  Storage,
  StorageOptions,
  WindowInfo,
} from '../storage/index.ts';

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
  /** Copies a snapshot to a new data directory, every byte checked. */
  readonly restoreSnapshot: typeof restoreSnapshot;
  /** A second place for a snapshot: links, or checked copies. */
  readonly placeSnapshot: typeof placeSnapshot;
}
