// Postings: strictly ascending series ids. Set algebra and nothing else.

export type Postings = Uint32Array;

export const NO_POSTINGS: Postings = new Uint32Array(0);

/** One list this many times longer than the other is galloped through, not walked. */
const GALLOP_RATIO = 16;
/** A bitmap sorts ids spread over a range of up to this many bits for each of them. */
const BITMAP_BITS_PER_ID = 64;
/** Below this many ids sorting beats setting up a bitmap. */
const BITMAP_IDS_MIN = 256;

/** Ids in both. */
export function intersect(a: Postings, b: Postings): Postings {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (short.length === 0) return NO_POSTINGS;
  const result = new Uint32Array(short.length);
  const gallops = long.length > short.length * GALLOP_RATIO;
  let count = 0;
  let at = 0;
  for (let i = 0; i < short.length; i++) {
    const id = short[i]!;
    at = gallops ? gallop(long, at, id) : walk(long, at, id);
    if (at === long.length) break;
    if (long[at] === id) result[count++] = id;
  }
  return result.subarray(0, count);
}

/** Ids of `a` that are not in `b`. */
export function difference(a: Postings, b: Postings): Postings {
  if (a.length === 0 || b.length === 0) return a;
  const result = new Uint32Array(a.length);
  const gallops = b.length > a.length * GALLOP_RATIO;
  let count = 0;
  let at = 0;
  for (let i = 0; i < a.length; i++) {
    const id = a[i]!;
    at = gallops ? gallop(b, at, id) : walk(b, at, id);
    if (at === b.length || b[at] !== id) result[count++] = id;
  }
  return result.subarray(0, count);
}

/** Ids in any of the lists. */
export function union(lists: readonly Postings[]): Postings {
  const filled = lists.filter((list) => list.length > 0);
  if (filled.length === 0) return NO_POSTINGS;
  if (filled.length === 1) return filled[0]!;
  if (filled.length === 2) return unionOfTwo(filled[0]!, filled[1]!);
  return unionOfMany(filled);
}

/** Whether an id is in both, which ends at the first one. */
export function intersects(a: Postings, b: Postings): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  let at = 0;
  for (let i = 0; i < short.length; i++) {
    at = gallop(long, at, short[i]!);
    if (at === long.length) return false;
    if (long[at] === short[i]) return true;
  }
  return false;
}

/** Position of the first id >= `id`, at or after `from`. */
export function gallop(list: Postings, from: number, id: number): number {
  let step = 1;
  let low = from;
  while (low + step < list.length && list[low + step]! < id) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, list.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function walk(list: Postings, from: number, id: number): number {
  let at = from;
  while (at < list.length && list[at]! < id) at++;
  return at;
}

function unionOfTwo(a: Postings, b: Postings): Postings {
  const result = new Uint32Array(a.length + b.length);
  let count = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const x = a[i]!;
    const y = b[j]!;
    if (x <= y) i++;
    if (y <= x) j++;
    result[count++] = Math.min(x, y);
  }
  while (i < a.length) result[count++] = a[i++]!;
  while (j < b.length) result[count++] = b[j++]!;
  return result.subarray(0, count);
}

function unionOfMany(lists: readonly Postings[]): Postings {
  let total = 0;
  let first = 2 ** 32;
  let last = 0;
  for (const list of lists) {
    total += list.length;
    first = Math.min(first, list[0]!);
    last = Math.max(last, list[list.length - 1]!);
  }
  const span = last - first + 1;
  const dense = total >= BITMAP_IDS_MIN && span <= total * BITMAP_BITS_PER_ID;
  return dense ? unionByBitmap(lists, first, span) : unionBySort(lists, total);
}

function unionByBitmap(lists: readonly Postings[], first: number, span: number): Postings {
  const words = new Uint32Array((span + 31) >>> 5);
  let count = 0;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const bit = list[i]! - first;
      const mask = 1 << (bit & 31);
      if ((words[bit >>> 5]! & mask) !== 0) continue;
      words[bit >>> 5]! |= mask;
      count++;
    }
  }
  const result = new Uint32Array(count);
  let at = 0;
  for (let word = 0; word < words.length; word++) {
    for (let bits = words[word]!; bits !== 0; bits &= bits - 1) {
      result[at++] = first + word * 32 + (31 - Math.clz32(bits & -bits));
    }
  }
  return result;
}

function unionBySort(lists: readonly Postings[], total: number): Postings {
  const all = new Uint32Array(total);
  let end = 0;
  for (const list of lists) {
    all.set(list, end);
    end += list.length;
  }
  all.sort();
  let count = 1;
  for (let i = 1; i < all.length; i++) {
    if (all[i] !== all[count - 1]) all[count++] = all[i]!;
  }
  return all.subarray(0, count);
}
