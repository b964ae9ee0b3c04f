// Range functions over `anchored` and `smoothed` selectors. Both see beyond the range, as far as
// the lookback: `anchored` takes the last point at or before its start for the value there,
// `smoothed` the straight line between the points around each edge. Nothing is extrapolated.

import { QueryError } from '../errors.ts';
import type { VectorSelector } from '../promql/ast.ts';
import type { RangeFunction, RangeInput } from './range-function.ts';
import { RATE_FUNCTIONS } from './rate-functions.ts';

export type Extension = NonNullable<VectorSelector['extension']>;

const ALLOWED: Readonly<Record<Extension, readonly string[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
};

/** How much further than the range its points are wanted, ms. */
export interface Margins {
  readonly beforeMs: number;
  readonly afterMs: number;
}

export function marginsOf(extension: Extension | undefined, lookbackMs: number): Margins {
  return {
    beforeMs: extension === undefined ? 0 : lookbackMs,
    afterMs: extension === 'smoothed' ? lookbackMs : 0,
  };
}

/** Throws QueryError (execution) where the two do not go together. */
export function checkExtension(name: string, extension: Extension): void {
  const allowed = ALLOWED[extension];
  if (allowed.includes(name)) return;
  const list = allowed.join(', ');
  const message = `${extension} modifier can only be used with: ${list} - not with ${name}`;
  throw new QueryError('execution', message);
}

/** The function `name` of a range that its input is wider than by `margins`. */
export function extendedFunction(
  name: string,
  extension: Extension,
  margins: Margins,
): RangeFunction {
  const smoothed = extension === 'smoothed';
  const counter = name !== 'delta';
  return (input, parameters) => {
    const startMs = input.startMs + margins.beforeMs;
    const endMs = input.endMs - margins.afterMs;
    const edges = findEdges(input, startMs, endMs, smoothed);
    if (edges === undefined) return undefined;
    if (name === 'changes' || name === 'resets') {
      return RATE_FUNCTIONS[name]!({ ...input, first: edges.first }, parameters);
    }
    const change = edgeChange(input, edges, startMs, endMs, smoothed, counter);
    return name === 'rate' ? change / ((endMs - startMs) / 1000) : change;
  };
}

/** The points that decide the values at the edges of the range; both included. */
interface Edges {
  readonly first: number;
  readonly last: number;
}

function findEdges(
  input: RangeInput,
  startMs: number,
  endMs: number,
  smoothed: boolean,
): Edges | undefined {
  const { timestampsMs, end } = input;
  let last = end - 1;
  let first = input.first;
  while (first < last && timestampsMs[first + 1]! <= startMs) first++;
  if (smoothed) while (last > input.first && timestampsMs[last - 1]! >= endMs) last--;
  if (timestampsMs[last]! <= startMs) return undefined;
  if (smoothed && timestampsMs[first]! > endMs) return undefined;
  return { first, last };
}

function edgeChange(
  input: RangeInput,
  { first, last }: Edges,
  startMs: number,
  endMs: number,
  smoothed: boolean,
  counter: boolean,
): number {
  const { timestampsMs, values } = input;
  const left =
    smoothed && timestampsMs[first]! < startMs
      ? interpolate(input, first, startMs, counter)
      : values[first]!;
  const right =
    smoothed && last > input.first && timestampsMs[last]! > endMs
      ? interpolate(input, last - 1, endMs, counter)
      : values[last]!;
  if (!counter) return right - left;
  // Only points within the range are looked at for resets: the edges have taken theirs in.
  const from = timestampsMs[first]! <= startMs ? first + 1 : first;
  const to = timestampsMs[last]! >= endMs ? last - 1 : last;
  let change = right - left;
  let before = left;
  for (let i = from; i <= to; i++) {
    if (values[i]! < before) change += before;
    before = values[i]!;
  }
  return right < before ? change + before : change;
}

/** Between the points `at` and `at + 1`; a counter that was reset between them began at zero. */
function interpolate(
  { timestampsMs, values }: RangeInput,
  at: number,
  timeMs: number,
  counter: boolean,
): number {
  const [from, to] = [timestampsMs[at]!, timestampsMs[at + 1]!];
  const upper = values[at + 1]!;
  const lower = counter && upper < values[at]! ? 0 : values[at]!;
  return lower + ((upper - lower) * (timeMs - from)) / (to - from);
}
