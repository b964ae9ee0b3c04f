// Keeps a log short: of one thing there is a line at once, then one in a while at most, which says
// how often it was met since.

/** One thing is told of once in this time. */
const REPEAT_MS = 60_000;

/**
 * The times that a thing was met since it was last told of, when it is time to tell again; 0 when
 * it is not. `key` tells things apart.
 */
export type Repeats = (key: string, times?: number) => number;

/** Remembers `thingsMax`: of more, in one stretch of time, nothing is told. */
export function createRepeats(monotonicMs: () => number, thingsMax: number): Repeats {
  const things = new Map<string, { toldMs: number; untold: number }>();

  function hasRoom(nowMs: number): boolean {
    if (things.size < thingsMax) return true;
    for (const [key, { toldMs }] of things) if (nowMs - toldMs >= REPEAT_MS) things.delete(key);
    return things.size < thingsMax;
  }

  return (key, times = 1) => {
    const nowMs = monotonicMs();
    const thing = things.get(key);
    if (thing === undefined) {
      if (!hasRoom(nowMs)) return 0;
      things.set(key, { toldMs: nowMs, untold: 0 });
      return times;
    }
    thing.untold += times;
    if (nowMs - thing.toldMs < REPEAT_MS) return 0;
    const { untold } = thing;
    things.set(key, { toldMs: nowMs, untold: 0 });
    return untold;
  };
}
