// Aggregations that pick some series of each group: topk, bottomk, limitk, limit_ratio.

import xxhash from 'xxhash-wasm';
import type { Labels } from '../../storage/index.ts';
import { QueryError } from '../errors.ts';
import { formatShort } from '../float.ts';
import type { Aggregation } from '../promql/ast.ts';
import { groupingOf } from './aggregate.ts';
import type { Annotations } from './annotations.ts';
import type { Budget } from './budget.ts';
import { groupSeries } from './grouping.ts';
import { compareFloats } from './quantile.ts';
import type { Series } from './value.ts';

const { h64Raw } = await xxhash();

/** Indexes of the picked ones among `candidates`, best first. */
type Pick = (candidates: readonly Series[], step: number, count: number) => readonly Series[];

/**
 * The picked series with only the steps at which they are; with a single step in the order they
 * were picked in. `parameters` has one value per step.
 */
export async function pickSeries(
  parameters: Float64Array,
  series: readonly Series[],
  expr: Aggregation,
  annotations: Annotations,
  budget: Budget,
): Promise<readonly Series[]> {
  const { operator } = expr;
  if (operator === 'limit_ratio') return limitRatio(parameters, series, expr, annotations);
  if (!parameters.some((k) => k >= 1 || Number.isNaN(k))) return [];
  checkCounts(parameters);
  const pick = operator === 'topk' ? pickTop : operator === 'bottomk' ? pickBottom : pickFirst;
  return pickPerStep(parameters, series, expr, pick, budget);
}

function checkCounts(parameters: Float64Array): void {
  for (const k of parameters) {
    if (Number.isNaN(k)) throw new QueryError('execution', 'Parameter value is NaN');
    if (k <= -(2 ** 63)) {
      throw new QueryError('execution', `Scalar value ${formatShort(k)} underflows int64`);
    }
    if (k >= 2 ** 63) {
      throw new QueryError('execution', `Scalar value ${formatShort(k)} overflows int64`);
    }
  }
}

async function pickPerStep(
  counts: Float64Array,
  series: readonly Series[],
  expr: Aggregation,
  pick: Pick,
  budget: Budget,
): Promise<readonly Series[]> {
  const picked = new Map<Series, Uint8Array>();
  for (const { members } of groupSeries(series, groupingOf(expr))) {
    for (let step = 0; step < counts.length; step++) {
      const count = Math.min(Math.trunc(counts[step]!), members.length);
      if (count < 1) continue;
      const turn = budget.turn();
      if (turn !== undefined) await turn;
      const candidates = members.filter((member) => member.present[step] === 1);
      for (const one of pick(candidates, step, count)) {
        let present = picked.get(one);
        if (present === undefined) {
          present = new Uint8Array(counts.length);
          picked.set(one, present);
        }
        present[step] = 1;
      }
    }
  }
  return [...picked].map(([one, present]) => ({ ...one, present }));
}

function pickFirst(candidates: readonly Series[], _step: number, count: number): readonly Series[] {
  return candidates.slice(0, count);
}

/** Largest first; NaN is smaller than everything. Of equal values the earlier series is kept. */
function pickTop(candidates: readonly Series[], step: number, count: number): readonly Series[] {
  return pickBest(candidates, step, count, (a, b) => compareFloats(b, a));
}

/** Smallest first; NaN comes last here too. */
function pickBottom(candidates: readonly Series[], step: number, count: number): readonly Series[] {
  return pickBest(candidates, step, count, (a, b) =>
    Number.isNaN(a) || Number.isNaN(b) ? compareFloats(b, a) : a - b || 0,
  );
}

/**
 * The first `count` in the order of `compare`, without sorting all: with few to pick from many,
 * hardly any candidate is better than the last one kept.
 */
function pickBest(
  candidates: readonly Series[],
  step: number,
  count: number,
  compare: (a: number, b: number) => number,
): readonly Series[] {
  if (count * 4 > candidates.length) {
    const sorted = [...candidates].sort((a, b) => compare(a.values[step]!, b.values[step]!));
    return sorted.slice(0, count);
  }
  const best: Series[] = [];
  for (const candidate of candidates) {
    const value = candidate.values[step]!;
    if (best.length === count && compare(value, best.at(-1)!.values[step]!) >= 0) continue;
    let at = best.length;
    while (at > 0 && compare(value, best[at - 1]!.values[step]!) < 0) at--;
    best.splice(at, 0, candidate);
    if (best.length > count) best.pop();
  }
  return best;
}

/**
 * A share of the series, always the same ones: those whose hash lies in the first `ratio` of all
 * hashes, or with a negative ratio in the last.
 */
function limitRatio(
  ratios: Float64Array,
  series: readonly Series[],
  expr: Aggregation,
  annotations: Annotations,
): readonly Series[] {
  if (ratios.some(Number.isNaN)) throw new QueryError('execution', 'Ratio value is NaN');
  const most = ratios.reduce((a, b) => Math.max(a, b), -Infinity);
  const least = ratios.reduce((a, b) => Math.min(a, b), Infinity);
  const span = expr.parameter!.span;
  const capping = (from: number, to: number): string =>
    `ratio value should be between -1 and 1, got ${formatShort(from)}, capping to ${to}`;
  if (most > 1) annotations.warn(capping(most, 1), span);
  if (least < -1) annotations.warn(capping(least, -1), span);
  return series.flatMap((one) => {
    const place = Number(hashLabels(one.labels)) / 2 ** 64;
    const present = one.present.map((there, step) => {
      const ratio = Math.min(1, Math.max(-1, ratios[step]!));
      return there === 1 && isWithin(place, ratio) ? 1 : 0;
    });
    return present.includes(1) ? [{ ...one, present }] : [];
  });
}

function isWithin(place: number, ratio: number): boolean {
  if (ratio === 0) return false;
  return ratio > 0 ? place < ratio : place >= 1 + ratio;
}

/** Prometheus's hash of a label set, so that the same share of series is picked. */
function hashLabels(labels: Labels): bigint {
  const parts: Buffer[] = [];
  for (const text of labels.flatMap(({ name, value }) => [name, value])) {
    const bytes = Buffer.from(text);
    const { length } = bytes;
    const size = length < 255 ? [length] : [255, length & 0xff, (length >> 8) & 0xff, length >> 16];
    parts.push(Buffer.from(size), bytes);
  }
  return h64Raw(Buffer.concat(parts));
}
