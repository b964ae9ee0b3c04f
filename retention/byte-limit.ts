// Which windows go because of a `max_bytes`: the oldest, until the others fit. Pure.
//
// What is counted are tables. Points in memory, the log and the tag index come on top, and so does
// a merge under way, by the size of what it writes.
//
// A window that still takes points is counted, and never dropped: whoever sends now finds it stored
// afterwards, and a limit below what one window takes would otherwise empty the policy again and
// again. So tables exceed the limit by at most what is open, until it is closed.

import type { WindowInfo } from '../storage/index.ts';

/** The windows to drop so that `windows` take `bytesMax` (Infinity for no limit), oldest first. */
export function excessWindows(
  windows: readonly WindowInfo[],
  bytesMax: number,
  nowMs: number,
): WindowInfo[] {
  let excessBytes = windows.reduce((sum, { sizeBytes }) => sum + sizeBytes, -bytesMax);
  const excess: WindowInfo[] = [];
  if (excessBytes <= 0) return excess;
  for (const window of windows.filter(({ endMs }) => endMs <= nowMs).sort(byAge)) {
    if (excessBytes <= 0) break;
    excess.push(window);
    excessBytes -= window.sizeBytes;
  }
  return excess;
}

/** By end; of those that end together, the one that reaches back further is older. */
function byAge(a: WindowInfo, b: WindowInfo): number {
  return a.endMs - b.endMs || a.startMs - b.startMs || (a.key < b.key ? -1 : 1);
}
