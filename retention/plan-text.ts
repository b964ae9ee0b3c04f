// A plan as the table that `varve retention plan` prints.

import { formatDuration } from './duration.ts';
import { type DropReason, type PolicyPlan, type SweepPlan, windowTotals } from './plan.ts';

const HEADER = [
  'POLICY',
  'KEEP',
  'LIMIT',
  'WINDOWS',
  'SERIES/WINDOW',
  'POINTS',
  'BYTES',
  'DROPPED',
  'POINTS',
  'BYTES',
  'NEXT EXPIRY',
];
/** From here up to the last column, cells are figures and line up on the right. */
const FIRST_FIGURE = 2;

const REASON_TEXTS: readonly (readonly [DropReason, string])[] = [
  ['keep', 'past keep'],
  ['max_bytes', 'over max_bytes of its policy'],
  ['total_max_bytes', 'over max_bytes of all policies'],
];

/**
 * A row per policy, then a line with what is dropped in all, then what needs an explanation; every
 * line ends in a newline.
 */
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
  const drops = `a sweep at ${formatTime(plan.nowMs)} drops ${summary(plan)}`;
  return [...lines, drops, ...reasons(plan), ...remarks(plan), ''].join('\n');
}

function summary({ drops }: SweepPlan): string {
  const { windows, points, sizeBytes } = windowTotals(drops.map(({ window }) => window));
  if (windows === 0) return 'nothing';
  return `${count(windows, 'window')} with ${count(points, 'point')}, ${formatBytes(sizeBytes)}`;
}

/** A line for each reason, where there is more to it than keep. */
function reasons({ drops }: SweepPlan): string[] {
  if (drops.every(({ reason }) => reason === 'keep')) return [];
  return REASON_TEXTS.flatMap(([reason, text]) => {
    const own = drops.filter((drop) => drop.reason === reason).map(({ window }) => window);
    if (own.length === 0) return [];
    const { windows, sizeBytes } = windowTotals(own);
    return [`  ${text}: ${count(windows, 'window')}, ${formatBytes(sizeBytes)}`];
  });
}

function remarks({ policies, overBytes }: SweepPlan): string[] {
  const places: [string, number][] = policies.map(({ name, overBytes: own }) => [name, own]);
  const over = [...places, ['all policies', overBytes] as const]
    .filter(([, bytes]) => bytes > 0)
    .map(
      ([place, bytes]) =>
        `${place}: ${formatBytes(bytes)} over max_bytes, in windows that still take points`,
    );
  if (policies.every(({ inForce }) => inForce)) return over;
  return [...over, '(removed): what is stored under it stays there, and goes by the keep it had'];
}

function cells(policy: PolicyPlan): string[] {
  const { stored, drops, nextExpiryMs } = policy;
  const dropped = (figure: 'windows' | 'points' | 'sizeBytes') =>
    Object.values(drops).reduce((sum, totals) => sum + totals[figure], 0);
  return [
    policy.inForce ? titleOf(policy) : `${titleOf(policy)} (removed)`,
    formatDuration(policy.keepMs),
    policy.bytesMax === Infinity ? '-' : formatBytes(policy.bytesMax),
    String(stored.windows),
    String(stored.seriesPerWindowMax),
    String(stored.points),
    formatBytes(stored.sizeBytes),
    String(dropped('windows')),
    String(dropped('points')),
    formatBytes(dropped('sizeBytes')),
    nextExpiryMs === undefined ? '-' : formatTime(nextExpiryMs),
  ];
}

/** A tier stands below its policy. */
function titleOf({ name, rollupMs }: PolicyPlan): string {
  return rollupMs === undefined ? name : `${name} every ${formatDuration(rollupMs)}`;
}

function pad(cell: string, width: number, column: number): string {
  const isFigure = column >= FIRST_FIGURE && column < HEADER.length - 1;
  return isFigure ? cell.padStart(width) : cell.padEnd(width);
}

function count(figure: number, noun: string): string {
  return `${figure} ${noun}${figure === 1 ? '' : 's'}`;
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
