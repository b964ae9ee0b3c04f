// The mix of metrics that sizes are measured on: ten per host, every 10 s. Four gauges rounded to
// two decimals, two full-precision doubles, three integer counters with resets, one nearly
// constant.

import { createRng, type Rng } from '../sim/rng.ts';

export const METRIC_KINDS = [
  'gauge, 2 decimals',
  'gauge, 2 decimals',
  'gauge, 2 decimals',
  'gauge, 2 decimals',
  'full double',
  'full double',
  'counter',
  'counter',
  'counter',
  'nearly constant',
] as const;

export type MetricKind = (typeof METRIC_KINDS)[number] | 'temperature' | 'battery';

/** `count` values of one series. */
export function metricValues(kind: MetricKind, count: number, seed: number): Float64Array {
  const rng = createRng(seed);
  const values = new Float64Array(count);
  const next = generator(kind, rng);
  for (let i = 0; i < count; i++) values[i] = next();
  return values;
}

/** Timestamps every `stepMs`, each late by up to `jitterMs`. */
export function metricTimes(
  startMs: number,
  stepMs: number,
  jitterMs: number,
  count: number,
  seed: number,
): Float64Array {
  const rng = createRng(seed);
  return Float64Array.from({ length: count }, (_, i) => {
    return startMs + i * stepMs + (jitterMs > 0 ? Math.floor(rng.next() * jitterMs) : 0);
  });
}

function generator(kind: MetricKind, rng: Rng): () => number {
  const scale = 1 + Math.floor(rng.next() * 20);
  let state = rng.next() * 100;
  switch (kind) {
    case 'gauge, 2 decimals':
      return () => {
        state = Math.min(100, Math.max(0, state + normal(rng) * scale * 0.05));
        return Math.round(state * 100) / 100;
      };
    case 'full double':
      return () => {
        state += normal(rng) * scale * 0.02;
        return state;
      };
    case 'counter':
      state = Math.floor(rng.next() * 1e6);
      return () => {
        state =
          rng.next() < 0.0005 ? 0 : state + Math.round(Math.abs(normal(rng) * 3 + 10) * scale);
        return state;
      };
    case 'nearly constant':
      state = Math.floor(state);
      return () => {
        if (rng.next() < 0.002) state++;
        return state;
      };
    case 'temperature':
      return () => {
        state += normal(rng) * 0.1;
        return Math.round(state * 10) / 10;
      };
    case 'battery':
      return () => {
        state -= rng.next() * 0.002;
        return Math.round(state * 100) / 100;
      };
  }
}

/** Standard normal, by Box and Muller. */
function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.next())) * Math.cos(2 * Math.PI * rng.next());
}
