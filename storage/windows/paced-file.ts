// The file that a merge writes: no faster than the budget for work in the background allows, and
// synced as it grows.

import type { Core } from '../core.ts';
import type { WritableFile } from '../env/env.ts';
import { TABLE_SYNC_BYTES } from '../limits.ts';

export class PacedFile {
  readonly #file: WritableFile;
  readonly #core: Core;
  #unsyncedBytes = 0;

  constructor(file: WritableFile, core: Core) {
    this.#file = file;
    this.#core = core;
  }

  async append(parts: readonly Uint8Array[]): Promise<void> {
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    if (bytes === 0) return;
    await this.#core.io.take(bytes);
    await this.#file.append(parts);
    this.#unsyncedBytes += bytes;
    if (this.#unsyncedBytes < TABLE_SYNC_BYTES) return;
    await this.#file.sync();
    this.#unsyncedBytes = 0;
  }
}
