/** The shortest of `rounds` runs of `work`, ms: what it costs when nothing else disturbs it. */
export function shortestMs(rounds: number, work: () => void): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    work();
    shortest = Math.min(shortest, performance.now() - startMs);
  }
  return shortest;
}

/** The value that a share `q` of the sorted `values` lies below; NaN of none. */
export function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
