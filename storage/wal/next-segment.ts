// The file of the segment after the current one, made and named ahead of time: a name is durable
// after an fsync of its directory, which on a busy disk takes as long as ten fsyncs of a log, and
// every append that comes meanwhile would wait for it.

import type { FileSystem, WritableFile } from '../env/env.ts';
import { walDir, walPath } from '../filenames.ts';

/** The file of one segment, empty, its name durable. */
export interface SegmentFile {
  readonly segment: number;
  readonly handle: WritableFile;
}

export class NextSegment {
  readonly #dir: string;
  readonly #fs: FileSystem;
  /** Without a file when it could not be made. */
  #prepared: { segment: number; file: Promise<SegmentFile | undefined> } | undefined;

  /** `dir` is the data directory. */
  constructor(dir: string, fs: FileSystem) {
    this.#dir = dir;
    this.#fs = fs;
  }

  /** Begins to make the file of `segment`, unless there is one that nobody took. */
  prepare(segment: number): void {
    this.#prepared ??= { segment, file: this.#make(segment).catch(() => undefined) };
  }

  /** The file of `segment`, prepared or made now; the caller closes it. */
  async take(segment: number): Promise<SegmentFile> {
    const prepared = this.#prepared;
    if (prepared?.segment !== segment) {
      await this.discard();
      return this.#make(segment);
    }
    this.#prepared = undefined;
    return (await prepared.file) ?? this.#make(segment);
  }

  /** Removes the file that nobody took. Left behind, it would be an empty segment. */
  async discard(): Promise<void> {
    const file = await this.#prepared?.file;
    this.#prepared = undefined;
    if (file !== undefined) await this.#remove(file);
  }

  async #make(segment: number): Promise<SegmentFile> {
    const handle = await this.#fs.create(walPath(this.#dir, segment));
    const file = { segment, handle };
    try {
      await this.#fs.syncDir(walDir(this.#dir));
    } catch (error) {
      await this.#remove(file);
      throw error;
    }
    return file;
  }

  /** As far as the disk lets it. */
  async #remove({ segment, handle }: SegmentFile): Promise<void> {
    await handle.close().catch(() => undefined);
    await this.#fs.remove(walPath(this.#dir, segment)).catch(() => undefined);
  }
}
