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
  readonly rejected: number;
}

export function createPointLedger(): PointLedger {
  /** Where stretches of the batch end; negative for those that were not sent. */
  const ends: number[] = [];
  let current = 0;
  let countedUpTo = 0;
  const ledger = {
    rejected: 0,
    close: (end: number) => ends.push(end),
    skip: (end: number) => ends.push(-end),
    reject(dataPoints: number) {
      ledger.rejected += dataPoints;
    },
    rejectAt(position: number) {
      while (Math.abs(ends[current]!) <= position) current++;
      const end = ends[current]!;
      if (end < 0 || end === countedUpTo) return;
      countedUpTo = end;
      ledger.rejected++;
    },
  };
  return ledger;
}
