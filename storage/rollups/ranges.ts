// Sets of times as ascending, disjoint half-open ranges.

import type { TimeRange } from '../types.ts';

/** What lies in both. */
export function intersection(a: readonly TimeRange[], b: readonly TimeRange[]): TimeRange[] {
  const common: TimeRange[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const startMs = Math.max(a[i]!.startMs, b[j]!.startMs);
    const endMs = Math.min(a[i]!.endMs, b[j]!.endMs);
    if (startMs < endMs) common.push({ startMs, endMs });
    if (a[i]!.endMs < b[j]!.endMs) i++;
    else j++;
  }
  return common;
}

/** What lies in `a` and not in `b`. */
export function without(a: readonly TimeRange[], b: readonly TimeRange[]): TimeRange[] {
  const left: TimeRange[] = [];
  for (const { startMs, endMs } of a) {
    let fromMs = startMs;
    for (const hole of b) {
      if (hole.endMs <= fromMs) continue;
      if (hole.startMs >= endMs) break;
      if (hole.startMs > fromMs) left.push({ startMs: fromMs, endMs: hole.startMs });
      fromMs = hole.endMs;
    }
    if (fromMs < endMs) left.push({ startMs: fromMs, endMs });
  }
  return left;
}

/** All of `ranges`, which come in any order and may overlap. */
export function unionOf(ranges: readonly TimeRange[]): TimeRange[] {
  const joined: TimeRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.startMs - b.startMs)) {
    const last = joined.at(-1);
    if (range.startMs >= range.endMs) continue;
    if (last === undefined || range.startMs > last.endMs) joined.push(range);
    else joined[joined.length - 1] = { ...last, endMs: Math.max(last.endMs, range.endMs) };
  }
  return joined;
}

export function shifted(ranges: readonly TimeRange[], byMs: number): TimeRange[] {
  return ranges.map(({ startMs, endMs }) => ({ startMs: startMs + byMs, endMs: endMs + byMs }));
}

export function contains(ranges: readonly TimeRange[], timeMs: number): boolean {
  return ranges.some(({ startMs, endMs }) => startMs <= timeMs && timeMs < endMs);
}

/** From the start of the first to the end of the last; undefined when there is none. */
export function envelope(ranges: readonly TimeRange[]): TimeRange | undefined {
  const [first] = ranges;
  return first && { startMs: first.startMs, endMs: ranges.at(-1)!.endMs };
}
