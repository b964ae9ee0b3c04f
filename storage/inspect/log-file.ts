// What WAL segments and manifests have in common: a header, and damage between frames.

import { decodeLogHeader, frameEnd, LOG_HEADER_BYTES, type LogKind } from '../coding/log-format.ts';
import type { LogDamage } from '../coding/log-scanner.ts';
import type { FileSystem } from '../env/env.ts';
import { parseFileName } from '../filenames.ts';
import { damage, fact, type InspectLine, type InspectLines, note } from './line.ts';

export interface LogInspection {
  readonly fs: FileSystem;
  readonly path: string;
  /** The file may end within a record: it was being written when the machine went down, or is. */
  readonly mayBeTorn: boolean;
}

/** What the header says; that it is damaged is found when the frames are read. */
export async function* headerLines(kind: LogKind, { fs, path }: LogInspection): InspectLines {
  const file = await fs.open(path);
  let bytes: Uint8Array;
  try {
    bytes = await file.read(0, LOG_HEADER_BYTES);
  } finally {
    await file.close();
  }
  const header = decodeLogHeader(kind, bytes);
  if (header === undefined) return;
  const { version, marker } = header;
  yield fact(`header: version ${version}, number ${header.number}, marker ${marker.toString(16)}`);
  const named = parseFileName(path.slice(path.lastIndexOf('/') + 1));
  if (named?.kind === kind && named.number >>> 0 !== header.number) {
    yield damage(path, 16, `expected number ${named.number}, found ${header.number}`);
  }
}

export function logDamage({ path, mayBeTorn }: LogInspection, item: LogDamage): InspectLine {
  const { offset, length, expectation, atEnd, cutShort } = item;
  if (mayBeTorn && atEnd && cutShort) {
    return note(
      `${path}: torn end: a record of which ${length} B are there from byte ${offset} on ` +
        'was being written; the next start cuts it off',
    );
  }
  return damage(path, offset, `${expectation}; ${length} B are lost`);
}

/** The record whose payload is [offset, offset + length) is whole, and no zeros follow it. */
export function paddingDamage(
  path: string,
  { offset, length }: { readonly offset: number; readonly length: number },
): InspectLine {
  const end = frameEnd(offset, length);
  return damage(path, offset + length, `expected zeros up to byte ${end}; no record is lost`);
}
