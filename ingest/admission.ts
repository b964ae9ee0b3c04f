// What is let in: requests while there is memory for them, points while their rate is allowed.

import { IngestError } from './errors.ts';
import type { IngestLimits } from './limits.ts';

const BUSY_RETRY_MS = 500;

export interface Admission {
  /** Bytes of requests under way, over all clients. */
  readonly bytes: number;
  /** Whether a stream may take its next batch while others are under way. */
  hasRoom(limits: IngestLimits): boolean;
  /** Counts a request in; throws RESOURCE_EXHAUSTED when there is no room for it. */
  enter(bytes: number, limits: IngestLimits): void;
  /** The same without asking: for a stream that read it while there was room. */
  enterPaced(bytes: number): void;
  leave(bytes: number): void;
  /** Throws RESOURCE_EXHAUSTED with the time to wait while the rate is used up. */
  takePoints(points: number, limits: IngestLimits): void;
}

/** `monotonicMs` is a clock that never jumps. */
export function createAdmission(monotonicMs: () => number): Admission {
  let bytes = 0;
  // Points taken ahead of the rate. A batch is let in whole while there are none, so that one
  // larger than a second's worth gets through; over time the rate is exact.
  let debt = 0;
  let debtAtMs = monotonicMs();

  return {
    get bytes() {
      return bytes;
    },
    hasRoom: (limits) => bytes < limits.requestBytes,
    enter(size, limits) {
      if (bytes > 0 && bytes + size > limits.requestBytes) {
        const message = `${bytes} bytes of requests are under way, the most is ${limits.requestBytes}`;
        throw new IngestError('RESOURCE_EXHAUSTED', message, BUSY_RETRY_MS);
      }
      bytes += size;
    },
    enterPaced(size) {
      bytes += size;
    },
    leave(size) {
      bytes -= size;
    },
    takePoints(points, limits) {
      const rate = limits.pointsPerSecond;
      if (rate === Number.POSITIVE_INFINITY) return;
      const nowMs = monotonicMs();
      debt = Math.max(0, debt - ((nowMs - debtAtMs) * rate) / 1000);
      debtAtMs = nowMs;
      if (debt > 0) {
        const message = `over ${rate} points per second (ingest.limits.points_per_second)`;
        throw new IngestError('RESOURCE_EXHAUSTED', message, Math.ceil((debt / rate) * 1000));
      }
      debt += points;
    },
  };
}
