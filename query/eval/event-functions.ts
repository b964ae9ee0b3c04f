// Range functions that see events otherwise than points. An event is no counter that stands at 1:
// it adds 1. So the increase of a stream is how many there are in the range, of which nothing is
// known by extrapolation. A departure from Prometheus, which has no events.

import type { RangeFunction, RangeInput } from './range-function.ts';

function increase({ first, end }: RangeInput): number {
  return end - first;
}

function rate({ first, end, startMs, endMs }: RangeInput): number {
  return (end - first) / ((endMs - startMs) / 1000);
}

/** One event in the time since the one before; two at one ms are taken to be one apart. */
function irate({ timestampsMs, first, end }: RangeInput): number | undefined {
  if (end - first < 2) return undefined;
  return 1000 / Math.max(1, timestampsMs[end - 1]! - timestampsMs[end - 2]!);
}

/** By name, for a column of events. */
export const EVENT_FUNCTIONS: Readonly<Record<string, RangeFunction>> = { increase, rate, irate };
