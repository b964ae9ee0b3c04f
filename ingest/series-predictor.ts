// Which series comes next: most often the one that came next the last time, as senders go through
// theirs in one order. Its key is then compared where it lies, which costs a tenth of making a
// string of it and looking that up (test/bench/doors.bench.ts measures the whole).
//
//   arena    | key of entry 1 | key of entry 2 | ...      bytes, as they came
//   entry    start, size, id, and the entry that followed with what the two begin with; 0 is none

/** A guess for whoever reads keys one after the other. */
export interface SeriesPredictor {
  /**
   * The size of the key that is expected next, when the bytes from `start` on, and before `end`,
   * begin with it; 0 otherwise. More of the key may follow: the caller knows where keys end.
   */
  expected(bytes: DataView, start: number, end: number): number;
  /**
   * The same behind a key that was expected, for one that begins with the first `prefix` bytes of
   * it and goes on at `start`; the size is that of the rest.
   */
  expectedRest(prefix: number, bytes: DataView, start: number, end: number): number;
  /** The id of the series that is expected, or 0. */
  expectedId(): number;
  /** The id of the series that was expected, which has come. */
  take(): number;
  /** Tells which series has come instead. */
  learn(bytes: Buffer, start: number, end: number, id: number): void;
}

/** Expects nothing. */
export const NO_PREDICTOR: SeriesPredictor = {
  expected: () => 0,
  expectedRest: () => 0,
  expectedId: () => 0,
  take: () => 0,
  learn: () => {},
};

/** Keys of some 100,000 series. */
export const PREDICTOR_BYTES = 16 * 2 ** 20;
const FIRST_ARENA_BYTES = 64 * 1024;
const FIRST_ENTRIES = 1024;
/** Longer keys are not worth keeping. */
const KEY_BYTES_MAX = 4096;

/** Keeps at most `bytesMax` of keys; when they are full all is learned anew. */
export function createSeriesPredictor(bytesMax: number): SeriesPredictor {
  let arena = Buffer.alloc(0);
  let arenaView = viewOf(arena);
  let starts = new Uint32Array(FIRST_ENTRIES);
  let sizes = new Uint32Array(FIRST_ENTRIES);
  let ids = new Uint32Array(FIRST_ENTRIES);
  let nexts = new Uint32Array(FIRST_ENTRIES);
  /** How many bytes an entry and the one that followed it begin with together. */
  let shared = new Uint32Array(FIRST_ENTRIES);
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
      arenaView = viewOf(arena);
    }
    if (entries === starts.length) {
      [starts, sizes, ids] = [doubled(starts), doubled(sizes), doubled(ids)];
      [nexts, shared] = [doubled(nexts), doubled(shared)];
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

  /** The size of what `entry` has behind its first `prefix` bytes, when `bytes` has that too. */
  function restOf(
    entry: number,
    prefix: number,
    bytes: DataView,
    start: number,
    end: number,
  ): number {
    const size = sizes[entry]! - prefix;
    if (entry === 0 || size > end - start) return 0;
    return isSame(arenaView, starts[entry]! + prefix, bytes, start, size) ? size : 0;
  }

  return {
    expected: (bytes, start, end) => restOf(nexts[last]!, 0, bytes, start, end),
    expectedRest(prefix, bytes, start, end) {
      return prefix > shared[last]! ? 0 : restOf(nexts[last]!, prefix, bytes, start, end);
    },
    expectedId: () => ids[nexts[last]!]!,
    take() {
      last = nexts[last]!;
      return ids[last]!;
    },
    learn(bytes, start, end, id) {
      if (end - start > KEY_BYTES_MAX) return;
      const entry = entryOf.get(id) ?? append(bytes, start, end, id);
      nexts[last] = entry;
      shared[last] = sharedBytes(arena, starts[last]!, starts[entry]!, sizes[last]!, sizes[entry]!);
      last = entry;
    },
  };
}

/** What keys are compared in. */
export function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** The same, but the last view is kept: most often the next key lies there too. */
export function createViewer(): (bytes: Buffer) => DataView {
  let last: Buffer = Buffer.alloc(0);
  let view = viewOf(last);
  return (bytes) => {
    if (bytes !== last) {
      last = bytes;
      view = viewOf(bytes);
    }
    return view;
  };
}

/**
 * From the end, where keys differ first when they differ; four bytes at a time, which takes a third
 * of the time that single ones take.
 */
function isSame(a: DataView, aStart: number, b: DataView, bStart: number, size: number): boolean {
  let left = size;
  for (; left >= 8; left -= 8) {
    const high = a.getInt32(aStart + left - 4) ^ b.getInt32(bStart + left - 4);
    const low = a.getInt32(aStart + left - 8) ^ b.getInt32(bStart + left - 8);
    if ((high | low) !== 0) return false;
  }
  for (left--; left >= 0; left--) {
    if (a.getInt8(aStart + left) !== b.getInt8(bStart + left)) return false;
  }
  return true;
}

/** How many bytes the keys at `a` and `b` begin with together. */
function sharedBytes(arena: Buffer, a: number, b: number, aSize: number, bSize: number): number {
  const most = Math.min(aSize, bSize);
  let size = 0;
  while (size < most && arena[a + size] === arena[b + size]) size++;
  return size;
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2);
  larger.set(column);
  return larger;
}
