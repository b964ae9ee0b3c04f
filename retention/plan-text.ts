// A plan as the table that `varve retention plan` prints.

import { type PolicyPlan, type SweepPlan, windowTotals } from './plan.ts';

const HEADER = [
  'POLICY',
  'KEEP',
  'WINDOWS',
  'POINTS',
  'BYTES',
  'DROPPED',
  'POINTS',
  'BYTES',
  'NEXT EXPIRY',
];
/** From here up to the last column, cells are figures and line up on the right. */
const FIRST_FIGURE = 2;

const UNITS_MS: readonly (readonly [string, number])[] = [
  ['y', 31_536_000_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** A row per policy, then a line with what is dropped in all; every line ends in a newline. */
export function formatPlan(plan: SweepPlan): string {
  const rows = [HEADER, ...plan.policies.map(cells)];
  const widths = HEADER.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, column))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, `a sweep at ${formatTime(plan.nowMs)} drops ${summary(plan)}`, ''].join('\n');
}

function summary({ expired }: SweepPlan): string {
  const { windows, points, sizeBytes } = windowTotals(expired);
  if (windows === 0) return 'nothing';
  return `${count(windows, 'window')} with ${count(points, 'point')}, ${formatBytes(sizeBytes)}`;
}

function cells(policy: PolicyPlan): string[] {
  const { stored, expired, nextExpiryMs } = policy;
  return [
    policy.inForce ? policy.name : `${policy.name} (removed)`,
    formatDuration(policy.keepMs),
    String(stored.windows),
    String(stored.points),
    formatBytes(stored.sizeBytes),
    String(expired.windows),
    String(expired.points),
    formatBytes(expired.sizeBytes),
    nextExpiryMs === undefined ? '-' : formatTime(nextExpiryMs),
  ];
}

function pad(cell: string, width: number, column: number): string {
  const isFigure = column >= FIRST_FIGURE && column < HEADER.length - 1;
  return isFigure ? cell.padStart(width) : cell.padEnd(width);
}

function count(figure: number, noun: string): string {
  return `${figure} ${noun}${figure === 1 ? '' : 's'}`;
}

/** As config writes durations: `30d`, `1d12h`, `forever`. */
function formatDuration(durationMs: number): string {
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

function formatBytes(sizeBytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let figure = sizeBytes;
  let unit = 0;
  while (figure >= 1024 && unit < units.length - 1) {
    figure /= 1024;
    unit++;
  }
  return `${unit === 0 ? figure : figure.toFixed(1)} ${units[unit]}`;
}

/** ISO 8601 where a date can hold it (+-8.64e15 ms), else the bare milliseconds. */
function formatTime(timeMs: number): string {
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return `${timeMs} ms`;
  return date.toISOString().replace(/\.000Z$/, 'Z');
}
