// Merges sorted runs of index records into one, as compaction does.
//
// Label sets and ids: the newest run's record counts. Postings: ids come and go once, as they are
// never given again, so what remains is all that was put without all that was deleted, in
// whatever order the runs are looked at.

import type { IndexRecord } from './block.ts';
import { decodeContainer, encodeContainer } from './container.ts';
import { DELETE, PUT } from './format.ts';
import { compareKeys, containerOfKey, POSTINGS_KEYS } from './keys.ts';
import { difference, type Postings, union } from './postings.ts';

/**
 * Each run is sorted by key and kind; `runs` come newest first. Tombstones are dropped when
 * nothing older than these runs can hold what they hide.
 */
export function* mergeRecords(
  runs: readonly Iterator<IndexRecord>[],
  dropTombstones: boolean,
): IterableIterator<IndexRecord> {
  const heads = runs.map(nextOf);
  for (;;) {
    const { run, tied } = smallestHead(heads);
    const head = heads[run];
    if (head === undefined) return;
    // A tombstone sorts first, so a put that is alone in its place is alone with its key.
    if (!tied && head.kind === PUT) {
      yield head;
      heads[run] = nextOf(runs[run]!);
      continue;
    }
    for (const record of survivorsOf(takeGroup(runs, heads, head.key))) {
      if (record.kind === PUT || !dropTombstones) yield record;
    }
  }
}

/** Takes every record of `key` off the runs, newest first. */
function takeGroup(
  runs: readonly Iterator<IndexRecord>[],
  heads: (IndexRecord | undefined)[],
  key: Uint8Array,
): IndexRecord[] {
  const group: IndexRecord[] = [];
  for (const [i, run] of runs.entries()) {
    for (let head = heads[i]; head && compareKeys(head.key, key) === 0; head = heads[i]) {
      group.push(head);
      heads[i] = nextOf(run);
    }
  }
  return group;
}

/** Records of one postings key; both lists are of its container, and either may be empty. */
export function* postingsRecordsOf(
  key: Uint8Array,
  put: Postings,
  deleted: Postings,
): IterableIterator<IndexRecord> {
  const left = difference(put, deleted);
  if (deleted.length > 0) yield { key, kind: DELETE, value: encodeContainer(deleted) };
  if (left.length > 0) yield { key, kind: PUT, value: encodeContainer(left) };
}

/** `group` has every record of one key, newest first. */
function survivorsOf(group: readonly IndexRecord[]): Iterable<IndexRecord> {
  const newest = group[0]!;
  if (newest.key[0] !== POSTINGS_KEYS || group.length === 1) return [newest];
  const number = containerOfKey(newest.key, newest.key.length);
  const idsOf = (kind: number) =>
    union(
      group
        .filter((record) => record.kind === kind)
        .map((record) => decodeContainer(record.value, number)),
    );
  return postingsRecordsOf(newest.key, idsOf(PUT), idsOf(DELETE));
}

/**
 * The newest run with the smallest key, and whether another has that key too. There are a handful
 * of runs: looking at each beats keeping a heap.
 */
function smallestHead(heads: readonly (IndexRecord | undefined)[]): { run: number; tied: boolean } {
  let run = 0;
  let tied = false;
  for (let i = 1; i < heads.length; i++) {
    const head = heads[i];
    if (head === undefined) continue;
    const smallest = heads[run];
    const order = smallest === undefined ? -1 : compareKeys(head.key, smallest.key);
    if (order > 0) continue;
    tied = order === 0;
    if (order < 0) run = i;
  }
  return { run, tied };
}

function nextOf(run: Iterator<IndexRecord>): IndexRecord | undefined {
  const { done, value } = run.next();
  return done === true ? undefined : value;
}
