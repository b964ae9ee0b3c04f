// The manifest on disk: a log of edits whose fold is the state of the data directory. CURRENT
// names the live one. Each start, and a log that has grown long, begins a new file with the state
// as one edit; CURRENT is switched to it by a rename, so that there is a whole one at any moment.

import { assert } from '../assert.ts';
import { ByteReader } from '../coding/byte-reader.ts';
import {
  createMarker,
  encodeLogHeader,
  FRAME_HEADER_BYTES,
  frameEnd,
  sealFrame,
} from '../coding/log-format.ts';
import { type LogDamage, scanLog } from '../coding/log-scanner.ts';
import type { FileSystem, WritableFile } from '../env/env.ts';
import { CorruptionError, StorageError } from '../errors.ts';
import { CURRENT_NAME, fileNumbers, manifestDir, manifestPath } from '../filenames.ts';
import { MANIFEST_EDIT_BYTES_MAX, MANIFEST_REWRITE_BYTES } from '../limits.ts';
import { refusalOf } from '../trouble.ts';
import { currentManifest, writeCurrent } from './current.ts';
import {
  applyEdit,
  applyToDraft,
  createDraft,
  type Edit,
  EMPTY_STATE,
  editMistake,
  type ManifestState,
  snapshotEdit,
} from './edit.ts';
import { decodeEdit, encodeEdit } from './edit-codec.ts';

export interface ManifestOptions {
  /** The log is rewritten once it is longer than this and twice its snapshot. */
  readonly rewriteBytes?: number;
}

export interface OpenedManifest {
  readonly state: ManifestState;
  readonly log: ManifestLog;
  /** There was none: this is the first start on the directory. */
  readonly created: boolean;
  /** Size of a last edit that was being written when the machine went down. */
  readonly tornBytes: number;
  /** Why CURRENT could not be read, and the newest manifest was taken instead. */
  readonly damage: CorruptionError | undefined;
}

/**
 * Opens the manifest of the data directory `dir`, whose lock the caller holds. Throws
 * CorruptionError when it is damaged, or gone from a directory that has data.
 */
export async function openManifest(
  dir: string,
  fs: FileSystem,
  options: ManifestOptions = {},
): Promise<OpenedManifest> {
  await fs.makeDir(manifestDir(dir));
  await fs.syncDir(dir);
  const { current, state, tornBytes, damage } = await readLive(dir, fs);
  await removeOthers(dir, fs, current);
  const log = new ManifestLog(dir, fs, options.rewriteBytes ?? MANIFEST_REWRITE_BYTES, state);
  await log.begin(current);
  return { state, log, created: current === undefined, tornBytes, damage };
}

/**
 * The manifest that CURRENT names, and what it adds up to. Without CURRENT it is the newest whole
 * one: after CURRENT was switched, those before are nobody's, and one that CURRENT was never
 * switched to holds the same and at most an edit that nobody acted on.
 */
async function readLive(dir: string, fs: FileSystem) {
  try {
    const current = await currentManifest(dir, fs);
    const empty = { state: EMPTY_STATE, tornBytes: 0 };
    const replayed =
      current === undefined ? empty : await replayManifest(manifestPath(dir, current), fs);
    return { ...replayed, current, damage: undefined };
  } catch (damage) {
    const isCurrentLost =
      damage instanceof CorruptionError && damage.path === `${dir}/${CURRENT_NAME}`;
    if (!isCurrentLost) throw damage;
    const numbers = fileNumbers(await fs.list(manifestDir(dir)), 'manifest');
    for (const current of numbers.reverse()) {
      const path = manifestPath(dir, current);
      const replayed = await replayManifest(path, fs).catch(unlessDamaged);
      if (replayed !== undefined) return { ...replayed, current, damage };
    }
    throw damage;
  }
}

function unlessDamaged(error: unknown): undefined {
  if (!(error instanceof CorruptionError) || error.isOtherVersion) throw error;
}

/** An edit, and the place of its payload in the file. */
export interface ManifestEdit {
  readonly kind: 'edit';
  readonly edit: Edit;
  readonly offset: number;
  readonly length: number;
  /** Zeros follow up to the next edit, as written. */
  readonly padded: boolean;
}

/** The edits in the manifest at `path`, in order, and what is damaged between them. */
export async function* readEdits(
  path: string,
  fs: FileSystem,
): AsyncGenerator<ManifestEdit | LogDamage, void, void> {
  if ((await fs.size(path)) === undefined) {
    throw new CorruptionError(path, 0, 'expected a file, found none');
  }
  const file = await fs.open(path);
  try {
    const limits = { readBytes: MANIFEST_REWRITE_BYTES, payloadBytesMax: MANIFEST_EDIT_BYTES_MAX };
    for await (const item of scanLog({ kind: 'manifest', file, path, ...limits })) {
      if (item.kind === 'damage') {
        yield item;
        continue;
      }
      const { payload, offset, padded } = item;
      const edit = decodeEdit(new ByteReader(payload, path, offset));
      yield { kind: 'edit', edit, offset, length: payload.length, padded };
    }
  } finally {
    await file.close();
  }
}

/** The state that the manifest at `path` adds up to; changes nothing. */
export async function replayManifest(
  path: string,
  fs: FileSystem,
): Promise<{ state: ManifestState; edits: number; tornBytes: number }> {
  const draft = createDraft();
  let edits = 0;
  let tornBytes = 0;
  for await (const item of readEdits(path, fs)) {
    if (item.kind === 'damage') {
      if (!item.atEnd) throw new CorruptionError(path, item.offset, item.expectation);
      tornBytes = item.length;
      continue;
    }
    const mistake = editMistake(draft, item.edit);
    if (mistake !== undefined) throw new CorruptionError(path, item.offset, `an edit ${mistake}`);
    applyToDraft(draft, item.edit);
    edits += 1;
  }
  // CURRENT named this file only once its snapshot was synced.
  if (edits === 0) throw new CorruptionError(path, 0, 'expected a snapshot, found no whole edit');
  return { state: draft, edits, tornBytes };
}

/**
 * Made by openManifest. What a failed append left behind is unknown, so nothing is appended after
 * it: the state is written to a new file, as often as it takes.
 */
export class ManifestLog {
  readonly #dir: string;
  readonly #fs: FileSystem;
  readonly #rewriteBytes: number;
  #state: ManifestState;
  #file: WritableFile | undefined;
  #number = 0;
  #sizeBytes = 0;
  #snapshotBytes = 0;
  /** Settles when the append before has. */
  #turn: Promise<unknown> = Promise.resolve();
  #failure: StorageError | undefined;
  #isClosed = false;

  constructor(dir: string, fs: FileSystem, rewriteBytes: number, state: ManifestState) {
    this.#dir = dir;
    this.#fs = fs;
    this.#rewriteBytes = rewriteBytes;
    this.#state = state;
  }

  /** The fold of all durable edits. */
  get state(): ManifestState {
    return this.#state;
  }

  /** Why the last edit was refused: whether it will be found at a restart is not known. */
  get failure(): StorageError | undefined {
    return this.#failure;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Starts a new file after `previous`; part of opening. Without one, that can wait. */
  async begin(previous: number | undefined): Promise<void> {
    assert(this.#file === undefined, 'a manifest begins once');
    this.#number = previous ?? 0;
    await this.#rewrite(this.#state).catch((error: unknown) => {
      if (previous === undefined) throw error;
    });
  }

  /** Ends a failure with a new file. Rejects with UNAVAILABLE when that fails too. */
  mend(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#failure !== undefined) await this.#rewrite(this.#state);
    });
  }

  /**
   * Appends `edit` after those of earlier calls. Resolves with the state that it leads to once it
   * is durable; rejects with UNAVAILABLE when neither this file takes it nor a new one.
   */
  append(edit: Edit): Promise<ManifestState> {
    return this.#inTurn(() => this.#append(edit));
  }

  /** Waits for appends under way and lets go of the file. */
  async close(): Promise<void> {
    await this.#turn;
    this.#isClosed = true;
    await this.#file?.close();
    this.#file = undefined;
  }

  #inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(() => {
      if (this.#isClosed) throw new StorageError('CLOSED', 'the manifest is closed');
      return action();
    });
    this.#turn = result.catch(() => {});
    return result;
  }

  async #append(edit: Edit): Promise<ManifestState> {
    const next = applyEdit(this.#state, edit);
    const isLong = this.#sizeBytes > Math.max(this.#rewriteBytes, 2 * this.#snapshotBytes);
    if (this.#failure !== undefined || isLong || !(await this.#appendFrame(edit))) {
      await this.#rewrite(next);
    }
    this.#state = next;
    return next;
  }

  /** False when that failed: what the file holds from here on is unknown. */
  async #appendFrame(edit: Edit): Promise<boolean> {
    const frame = encodeFrame(edit, createMarker([this.#number]));
    try {
      await this.#file!.append([frame]);
      await this.#file!.sync();
    } catch {
      return false;
    }
    this.#sizeBytes += frame.length;
    return true;
  }

  /**
   * Writes `state` to a new file, points CURRENT there, and removes the old ones. After a failure
   * CURRENT may name any of those since the last success, so all of them stay.
   */
  async #rewrite(state: ManifestState): Promise<void> {
    try {
      await this.#beginFile(state);
    } catch (cause) {
      this.#failure = refusalOf(this.#dir, cause);
      throw this.#failure;
    }
    this.#failure = undefined;
    // What cannot be removed now goes with the next rewrite, or the next start.
    await removeOthers(this.#dir, this.#fs, this.#number).catch(() => undefined);
  }

  async #beginFile(state: ManifestState): Promise<void> {
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
    this.#number += 1;
    const begun = await beginManifest(this.#dir, this.#fs, this.#number, state);
    this.#file = begun.file;
    this.#snapshotBytes = begun.sizeBytes;
    this.#sizeBytes = begun.sizeBytes;
  }
}

/**
 * Writes manifest `number` with `state` as its one edit and points CURRENT there, all of it
 * durable. The file is open for further edits, and the caller's to close.
 */
export async function beginManifest(
  dir: string,
  fs: FileSystem,
  number: number,
  state: ManifestState,
): Promise<{ file: WritableFile; sizeBytes: number }> {
  const marker = createMarker([number]);
  const header = encodeLogHeader('manifest', number, marker);
  const snapshot = encodeFrame(snapshotEdit(state), marker);
  const file = await fs.create(manifestPath(dir, number));
  try {
    await file.append([header, snapshot]);
    await file.sync();
    await fs.syncDir(manifestDir(dir));
    await writeCurrent(dir, fs, number);
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
  return { file, sizeBytes: header.length + snapshot.length };
}

function encodeFrame(edit: Edit, marker: number): Uint8Array {
  const payload = encodeEdit(edit);
  assert(payload.length <= MANIFEST_EDIT_BYTES_MAX, 'an edit is within its limit');
  const frame = new Uint8Array(frameEnd(0, payload.length));
  frame.set(payload, FRAME_HEADER_BYTES);
  sealFrame(frame, 0, payload.length, marker);
  return frame;
}

/** Removes manifests that CURRENT does not name: left behind by a crash between two steps. */
async function removeOthers(dir: string, fs: FileSystem, current: number | undefined) {
  for (const number of fileNumbers(await fs.list(manifestDir(dir)), 'manifest')) {
    if (number !== current) await fs.remove(manifestPath(dir, number));
  }
}
