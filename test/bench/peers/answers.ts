// Whether two answers of the Prometheus HTTP API say the same.

type Point = readonly [seconds: number, value: string];

interface ResultSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}

interface Body {
  readonly data: readonly string[] | { readonly result: readonly ResultSeries[] };
}

/** Sums of thousands of values, added up in another order, differ by so much at most. */
const TOLERANCE = 1e-9;

/** The first difference, in words; undefined when there is none beyond TOLERANCE, relatively. */
export function difference(found: string, expected: string): string | undefined {
  const [ours, theirs] = [found, expected].map((text) => (JSON.parse(text) as Body).data);
  if (!('result' in ours!) || !('result' in theirs!)) {
    return JSON.stringify(ours) === JSON.stringify(theirs) ? undefined : 'another list';
  }
  const bySeries = new Map(theirs.result.map((series) => [nameOf(series), pointsOf(series)]));
  if (ours.result.length !== bySeries.size) {
    return `${ours.result.length} series instead of ${bySeries.size}`;
  }
  for (const series of ours.result) {
    const name = nameOf(series);
    const wanted = bySeries.get(name);
    if (wanted === undefined) return `there is no series ${name}`;
    const points = pointsOf(series);
    if (points.length !== wanted.length) return `${name} has ${points.length} points`;
    const other = points.findIndex((point, i) => !isSame(point, wanted[i]!));
    if (other >= 0) return `${name} has ${points[other]} instead of ${wanted[other]}`;
  }
  return undefined;
}

function nameOf({ metric }: ResultSeries): string {
  return JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function pointsOf({ value, values = [] }: ResultSeries): readonly Point[] {
  return value === undefined ? values : [value];
}

function isSame([time, text]: Point, [otherTime, otherText]: Point): boolean {
  if (time !== otherTime) return false;
  if (text === otherText) return true;
  const [a, b] = [Number(text), Number(otherText)];
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}
