// Durations as people write them.

const UNITS_MS: readonly (readonly [string, number])[] = [
  ['y', 31_536_000_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** As config writes durations: `30d`, `1d12h`, `forever`. */
export function formatDuration(durationMs: number): string {
  if (durationMs === Infinity) return 'forever';
  let rest = durationMs;
  const parts: string[] = [];
  for (const [unit, unitMs] of UNITS_MS) {
    if (rest < unitMs) continue;
    parts.push(`${Math.floor(rest / unitMs)}${unit}`);
    rest %= unitMs;
  }
  return parts.join('');
}
