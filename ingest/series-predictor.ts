// Which series comes next: most often the one that came next the last time, as senders go through
// theirs in one order. Its key is then compared where it lies, which costs a tenth of making a
// string of it and looking that up (test/bench/doors.bench.ts measures the whole).
//
//   arena    | key of entry 1 | key of entry 2 | ...      bytes, as they came
//   entry    start, size, id, and the entry that followed; 0 is none

/** A guess for whoever reads keys one after the other. */
export interface SeriesPredictor {
  /**
   * The size of the key that is expected next, when the bytes from `start` on, and before `end`,
   * begin with it; 0 otherwise. More of the key may follow: the caller knows where keys end.
   */
  expected(bytes: Buffer, start: number, end: number): number;
  /** The id of the series that was expected, which has come. */
  take(): number;
  /** Tells which series has come instead. */
  learn(bytes: Buffer, start: number, end: number, id: number): void;
}

/** Expects nothing. */
export const NO_PREDICTOR: SeriesPredictor = { expected: () => 0, take: () => 0, learn: () => {} };

const FIRST_ARENA_BYTES = 64 * 1024;
const FIRST_ENTRIES = 1024;
/** Longer keys are not worth keeping. */
const KEY_BYTES_MAX = 4096;

/** Keeps at most `bytesMax` of keys; when they are full all is learned anew. */
export function createSeriesPredictor(bytesMax: number): SeriesPredictor {
  let arena = Buffer.alloc(0);
  let starts = new Uint32Array(FIRST_ENTRIES);
  let sizes = new Uint32Array(FIRST_ENTRIES);
  let ids = new Uint32Array(FIRST_ENTRIES);
  let nexts = new Uint32Array(FIRST_ENTRIES);
  const entryOf = new Map<number, number>();
  let used = 0;
  let entries = 1;
  /** The entry that came last. */
  let last = 0;

  function forget(): void {
    entryOf.clear();
    nexts.fill(0);
    used = 0;
    entries = 1;
    last = 0;
  }

  function append(bytes: Buffer, start: number, end: number, id: number): number {
    const size = end - start;
    if (used + size > bytesMax) forget();
    if (used + size > arena.length) {
      const larger = Math.max(FIRST_ARENA_BYTES, arena.length * 2, used + size);
      arena = Buffer.concat([arena.subarray(0, used)], Math.min(bytesMax, larger));
    }
    if (entries === starts.length) {
      [starts, sizes, ids, nexts] = [doubled(starts), doubled(sizes), doubled(ids), doubled(nexts)];
    }
    const entry = entries++;
    bytes.copy(arena, used, start, end);
    starts[entry] = used;
    sizes[entry] = size;
    ids[entry] = id;
    used += size;
    entryOf.set(id, entry);
    return entry;
  }

  return {
    expected(bytes, start, end) {
      const entry = nexts[last]!;
      const size = sizes[entry]!;
      if (entry === 0 || size > end - start) return 0;
      const from = starts[entry]!;
      return isSame(arena, from, bytes, start, size) ? size : 0;
    },
    take() {
      last = nexts[last]!;
      return ids[last]!;
    },
    learn(bytes, start, end, id) {
      if (end - start > KEY_BYTES_MAX) return;
      const entry = entryOf.get(id) ?? append(bytes, start, end, id);
      nexts[last] = entry;
      last = entry;
    },
  };
}

/** From the end, where keys differ first when they differ. */
function isSame(a: Buffer, aStart: number, b: Buffer, bStart: number, size: number): boolean {
  for (let i = size - 1; i >= 0; i--) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2);
  larger.set(column);
  return larger;
}
