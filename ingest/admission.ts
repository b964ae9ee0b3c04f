// What is let in: requests while there is memory for them, points while their rate is allowed.

import { IngestError } from './errors.ts';
import type { IngestLimits } from './limits.ts';

const BUSY_RETRY_MS = 500;
/** How far ahead of the rate clients may be: they do not send like clockwork. */
const BURST_MS = 1000;

export interface Admission {
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
  // When the points let in so far are paid for. A batch is let in whole while that is near, so
  // that one larger than a second's worth gets through; over time the rate is exact.
  let paidAtMs = Number.NEGATIVE_INFINITY;

  return {
    hasRoom: (limits) => bytes < limits.requestBytes,
    enter(size, limits) {
      if (bytes > 0 && bytes + size > limits.requestBytes) {
        const most = `no config key allows more than ${limits.requestBytes}`;
        const message = `${bytes} bytes of requests are under way, ${most}`;
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
      const aheadMs = paidAtMs - nowMs - BURST_MS;
      if (aheadMs > 0) {
        const message = `over ${rate} points per second (ingest.limits.points_per_second)`;
        throw new IngestError('RESOURCE_EXHAUSTED', message, Math.ceil(aheadMs));
      }
      paidAtMs = Math.max(nowMs, paidAtMs) + (points / rate) * 1000;
    },
  };
}
