// The repeated messages that a request consists of, read one after the other.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { readLength, readTag, skipField, type WireCursor, wireCursor } from './wire.ts';

/** Entries read before others have a turn: some 10 ms, when all of them are new. */
const ENTRIES_PER_TURN = 10_000;

/** Hands out the entries of a request some at a time, so that a large one can let others in. */
export interface EntryReader {
  /** Visits the next `count` entries, or those that are left; false when there are no more. */
  read(count: number): boolean;
  /** Whether the fields so far were all entries: there is nothing else to look for. */
  isPlain(): boolean;
}

/**
 * Visits the fields with the tag `wanted`; `visit` gets a cursor that ends with the entry. No
 * getter: each object that is written down with one has a hidden class of its own, which lives
 * until the next full collection and holds the request until then.
 */
export function entryReader(
  bytes: Buffer,
  wanted: number,
  visit: (entry: WireCursor) => void,
): EntryReader {
  const cursor = wireCursor(bytes);
  let onlyEntries = true;
  return {
    isPlain: () => onlyEntries,
    read(count) {
      for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
        if (tag !== wanted) {
          onlyEntries = false;
          skipField(cursor, tag);
          continue;
        }
        within(cursor, visit);
        if (--count === 0) return true;
      }
      return false;
    },
  };
}

/** Reads all that are left. */
export async function readInTurns(entries: EntryReader): Promise<void> {
  while (entries.read(ENTRIES_PER_TURN)) await nextTurn();
}

/** Reads a submessage with the cursor of the message around it, narrowed meanwhile. */
export function within<T>(cursor: WireCursor, read: (submessage: WireCursor) => T): T {
  const length = readLength(cursor);
  const outerEnd = cursor.end;
  cursor.end = cursor.offset + length;
  const result = read(cursor);
  cursor.offset = cursor.end;
  cursor.end = outerEnd;
  return result;
}
