// SNAPSHOT, the last file of a snapshot to be written: every other file with its size and SHA-256.
// It is JSON of exactly the form that `encodeSnapshotManifest` gives it, and ends with the SHA-256
// of itself without that field, so that no byte of it can change unseen. A directory without it is
// no snapshot, or one whose making was cut short.

import type { FileSystem } from '../env/env.ts';
import { CorruptionError, StorageError } from '../errors.ts';
import { SNAPSHOT_DRAFT_NAME, SNAPSHOT_NAME } from '../filenames.ts';
import { sha256Of } from './digest.ts';

/** The version of the form; not to be renumbered. */
const VERSION = 1;

export interface SnapshotFile {
  /** Below the snapshot's directory, with `/`. */
  readonly path: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface SnapshotManifest {
  /** When the snapshot was taken, ms since the epoch. */
  readonly createdMs: number;
  /** CURRENT is the last: what is restored without it is no data directory. */
  readonly files: readonly SnapshotFile[];
}

/** A restored file lies below its directory, whoever wrote the manifest. */
const SAFE_PATH = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*$/;

export function encodeSnapshotManifest({ createdMs, files }: SnapshotManifest): Uint8Array {
  const body = {
    format: 'varve snapshot',
    version: VERSION,
    created_ms: createdMs,
    files: files.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
  };
  const sha256 = sha256Of(new TextEncoder().encode(JSON.stringify(body)));
  return new TextEncoder().encode(`${JSON.stringify({ ...body, sha256 }, undefined, 2)}\n`);
}

/** Throws CorruptionError; `path` is for its message. */
export function decodeSnapshotManifest(bytes: Uint8Array, path: string): SnapshotManifest {
  const fields = parseJson(bytes, path);
  const version = Number(fields['version']);
  if (fields['format'] === 'varve snapshot' && version !== VERSION && Number.isInteger(version)) {
    const expectation = `expected version ${VERSION}, found ${version}`;
    throw new CorruptionError(path, 0, expectation, { isOtherVersion: true });
  }
  const files = Array.isArray(fields['files']) ? fields['files'].map(fileOf) : [];
  const manifest = { createdMs: Number(fields['created_ms']), files };
  const written = encodeSnapshotManifest(manifest);
  const at = written.findIndex((byte, i) => byte !== bytes[i]);
  if (at >= 0 || written.length !== bytes.length) {
    const offset = at < 0 ? written.length : at;
    throw new CorruptionError(path, offset, 'it is not as its checksum says');
  }
  const unsafe = files.find((file) => !SAFE_PATH.test(file.path));
  if (unsafe !== undefined) {
    throw new CorruptionError(path, 0, `it names a file outside: ${JSON.stringify(unsafe.path)}`);
  }
  return manifest;
}

/** Throws INVALID_ARGUMENT when `dir` is no whole snapshot, CorruptionError when it is damaged. */
export async function readSnapshotManifest(dir: string, fs: FileSystem): Promise<SnapshotManifest> {
  const path = `${dir}/${SNAPSHOT_NAME}`;
  if ((await fs.size(path)) === undefined) {
    const isDraft = (await fs.size(`${dir}/${SNAPSHOT_DRAFT_NAME}`)) !== undefined;
    const reason = isDraft
      ? 'its making was cut short, or goes on'
      : `it has no file ${SNAPSHOT_NAME}`;
    throw new StorageError('INVALID_ARGUMENT', `${dir} is not a whole snapshot: ${reason}`);
  }
  const file = await fs.open(path);
  try {
    return decodeSnapshotManifest(await file.read(0, file.size), path);
  } finally {
    await file.close();
  }
}

function parseJson(bytes: Uint8Array, path: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch (cause) {
    throw new CorruptionError(path, 0, 'expected JSON', { cause });
  }
}

/** What is not as it should be shows when it is written anew. */
function fileOf(entry: unknown): SnapshotFile {
  const { path, size, sha256 } = { ...(entry as Partial<SnapshotFile> | null) };
  return { path: String(path), size: Number(size), sha256: String(sha256) };
}
