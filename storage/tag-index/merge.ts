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
    const key = smallestKey(heads);
    if (key === undefined) return;
    const group: IndexRecord[] = [];
    for (const [i, run] of runs.entries()) {
      for (let head = heads[i]; head && compareKeys(head.key, key) === 0; head = heads[i]) {
        group.push(head);
        heads[i] = nextOf(run);
      }
    }
    for (const record of survivorsOf(group)) {
      if (record.kind === PUT || !dropTombstones) yield record;
    }
  }
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

/** There are a handful of runs: looking at each beats keeping a heap. */
function smallestKey(heads: readonly (IndexRecord | undefined)[]): Uint8Array | undefined {
  let smallest: Uint8Array | undefined;
  for (const head of heads) {
    if (head === undefined) continue;
    if (smallest === undefined || compareKeys(head.key, smallest) < 0) smallest = head.key;
  }
  return smallest;
}

function nextOf(run: Iterator<IndexRecord>): IndexRecord | undefined {
  const { done, value } = run.next();
  return done === true ? undefined : value;
}
