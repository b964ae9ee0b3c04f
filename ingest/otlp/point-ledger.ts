// Which points of a batch came of which data point of a request: a histogram is many points here
// and one to its sender, who is told how many data points were rejected.

export interface PointLedger {
  /** The points up to `end` that belong to nothing yet are those of one data point. */
  close(end: number): void;
  /** The points up to `end` that belong to nothing yet were not sent as such. */
  skip(end: number): void;
  /** Counts data points that never became points. */
  reject(dataPoints: number): void;
  /** For a point of the batch; positions come in their order. */
  rejectAt(position: number): void;
  /** Data points of which at least one point was rejected. */
  rejected(): number;
}

export function createPointLedger(): PointLedger {
  /** Where stretches of the batch end; negative for those that were not sent. */
  const ends: number[] = [];
  let current = 0;
  let countedUpTo = 0;
  let rejected = 0;
  return {
    close: (end) => ends.push(end),
    skip: (end) => ends.push(-end),
    reject(dataPoints) {
      rejected += dataPoints;
    },
    rejectAt(position) {
      while (Math.abs(ends[current]!) <= position) current++;
      const end = ends[current]!;
      if (end < 0 || end === countedUpTo) return;
      countedUpTo = end;
      rejected++;
    },
    rejected: () => rejected,
  };
}
