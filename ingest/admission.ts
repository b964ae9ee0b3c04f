// What is let in: requests while there is memory for them, points while their rate is allowed.

import { IngestError } from './errors.ts';
import type { IngestLimits } from './limits.ts';
import { limitKey, type Sender } from './sender.ts';

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
  /**
   * Throws RESOURCE_EXHAUSTED with the time to wait while the rate of all senders, or this one's,
   * is used up: then nothing of either is taken.
   */
  takePoints(points: number, limits: IngestLimits, sender: Sender): void;
}

/** `monotonicMs` is a clock that never jumps. */
export function createAdmission(monotonicMs: () => number): Admission {
  let bytes = 0;
  const ofAll = createBucket();
  const bySender = new Map<string, Bucket>();

  function bucketOf({ name }: Sender): Bucket {
    const bucket = bySender.get(name) ?? createBucket();
    bySender.set(name, bucket);
    return bucket;
  }

  return {
    hasRoom: (limits) => bytes < limits.requestBytes,
    enter(size, limits) {
      if (bytes > 0 && bytes + size > limits.requestBytes) {
        const most = `no config key allows more than ${limits.requestBytes}`;
        const message = `${bytes} bytes of requests are under way, ${most}`;
        const details = { retryDelayMs: BUSY_RETRY_MS, reason: 'request_bytes' };
        throw new IngestError('RESOURCE_EXHAUSTED', message, details);
      }
      bytes += size;
    },
    enterPaced(size) {
      bytes += size;
    },
    leave(size) {
      bytes -= size;
    },
    takePoints(points, limits, sender) {
      const ownRate = sender.limits().pointsPerSecond;
      const rate = limits.pointsPerSecond;
      if (rate === Number.POSITIVE_INFINITY && ownRate === Number.POSITIVE_INFINITY) return;
      const nowMs = monotonicMs();
      const own = bucketOf(sender);
      refuseAhead(own, nowMs, ownRate, limitKey(sender, 'points_per_second'));
      refuseAhead(ofAll, nowMs, rate, 'ingest.limits.points_per_second');
      own.take(points, nowMs, ownRate);
      ofAll.take(points, nowMs, rate);
    },
  };
}

function refuseAhead(bucket: Bucket, nowMs: number, rate: number, key: string): void {
  const waitMs = rate === Number.POSITIVE_INFINITY ? 0 : bucket.waitMs(nowMs);
  if (waitMs <= 0) return;
  const message = `over ${rate} points per second (${key})`;
  const details = { retryDelayMs: Math.ceil(waitMs), reason: 'points_per_second' };
  throw new IngestError('RESOURCE_EXHAUSTED', message, details);
}

interface Bucket {
  /** How long until the next batch may be let in; not above 0 when it may be now. */
  waitMs(nowMs: number): number;
  take(points: number, nowMs: number, rate: number): void;
}

function createBucket(): Bucket {
  // When the points let in so far are paid for. A batch is let in whole while that is near, so
  // that one larger than a second's worth gets through; over time the rate is exact.
  let paidAtMs = Number.NEGATIVE_INFINITY;
  return {
    waitMs: (nowMs) => paidAtMs - nowMs - BURST_MS,
    take(points, nowMs, rate) {
      paidAtMs = Math.max(nowMs, paidAtMs) + (points / rate) * 1000;
    },
  };
}
