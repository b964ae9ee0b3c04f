// A table on disk as several Versions share it. It is opened at its first use, let go of when the
// last Version does, and unlinked then if an edit has removed it: so a scan under way over a
// dropped window completes, and its files are gone right after.

import { assert } from './assert.ts';

export interface SharedFileOptions<Meta, Reader> {
  readonly meta: Meta;
  readonly path: string;
  open(meta: Meta, path: string): Promise<Reader>;
  /** Keeps the open reader, or opens it again; by default it is kept while the file is held. */
  keep?(open: () => Promise<Reader>): Reader | Promise<Reader>;
  /** Lets go of what readers of the file share. */
  close(path: string): Promise<void>;
  /** Called once, when nobody holds the file any more; `closed` resolves once it is closed. */
  gone(path: string, unlink: boolean, closed: Promise<void>): void;
}

export class SharedFile<Meta, Reader> {
  readonly meta: Meta;
  readonly path: string;
  readonly #options: SharedFileOptions<Meta, Reader>;
  #opening: Promise<Reader> | undefined;
  #opened: Reader | undefined;
  #references = 0;
  #removed = false;

  constructor(options: SharedFileOptions<Meta, Reader>) {
    this.meta = options.meta;
    this.path = options.path;
    this.#options = options;
  }

  /** The open reader. A failure to open is not remembered: the next call tries again. */
  async reader(): Promise<Reader> {
    const { keep, meta } = this.#options;
    if (keep !== undefined) return keep(() => this.#options.open(meta, this.path));
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** The reader, when one was opened and is kept for good. */
  get opened(): Reader | undefined {
    return this.#opened;
  }

  retain(): void {
    this.#references++;
  }

  release(): void {
    assert(this.#references > 0, `${this.path} is released once too often`);
    if (--this.#references === 0) this.#options.gone(this.path, this.#removed, this.#closeReader());
  }

  /** An edit has removed the file: unlink it once the last holder lets go. */
  markRemoved(): void {
    this.#removed = true;
  }

  async #open(): Promise<Reader> {
    try {
      this.#opened = await this.#options.open(this.meta, this.path);
      return this.#opened;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async #closeReader(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#options.close(this.path);
  }
}
