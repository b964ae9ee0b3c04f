// What this room counts, in the server's registry.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ErrorCode } from '../proto/index.ts';
import type { WriteOutcome } from './point-writer.ts';
import { REASONS } from './reasons.ts';

/** Seconds, from a page-cache write to a disk in trouble. */
const ACK_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * `method` is the way in: a method of the gRPC service, or the name of a door. `token` is the name
 * of the sender's, or empty.
 */
export interface IngestMetrics {
  /** Shows a way in before it is used. */
  open(method: string): void;
  received(method: string, bytes: number): void;
  /** The points are durable, whether or not there is anybody left to tell. */
  stored(method: string, outcome: WriteOutcome, token: string): void;
  /** `durationMs` from the arrival of the whole batch to its answer. */
  acknowledged(method: string, durationMs: number): void;
  /** `reason` says more than the code, where there is more to say; otherwise it is empty. */
  failed(method: string, code: ErrorCode, reason: string, token: string): void;
  streamOpened(): void;
  streamClosed(): void;
}

export function createIngestMetrics(registry: Registry): IngestMetrics {
  const registers = [registry];
  const points = new Counter({
    name: 'varve_ingest_points_total',
    help: 'Points stored.',
    registers,
  });
  const batches = new Counter({
    name: 'varve_ingest_batches_total',
    help: 'Batches acknowledged.',
    labelNames: ['method'],
    registers,
  });
  const failures = new Counter({
    name: 'varve_ingest_failed_batches_total',
    help: 'Batches refused whole, by the code of the error, its reason, and the token shown.',
    labelNames: ['method', 'code', 'reason', 'token'],
    registers,
  });
  const rejected = new Counter({
    name: 'varve_ingest_rejected_points_total',
    help: 'Points and events refused while the rest of their batch was stored.',
    labelNames: ['method', 'reason', 'token'],
    registers,
  });
  const bytes = new Counter({
    name: 'varve_ingest_bytes_total',
    help: 'Bytes of write requests received, as they were sent.',
    labelNames: ['method'],
    registers,
  });
  const acks = new Histogram({
    name: 'varve_ingest_ack_duration_seconds',
    help: 'Time from the arrival of a whole batch to its acknowledgement.',
    labelNames: ['method'],
    buckets: ACK_BUCKETS,
    registers,
  });
  const streams = new Gauge({
    name: 'varve_ingest_streams_open',
    help: 'WriteStream calls under way.',
    registers,
  });

  return {
    open(method) {
      // From zero, so that the first rejection shows in a rate.
      for (const reason of REASONS) rejected.inc({ method, reason }, 0);
      batches.inc({ method }, 0);
      bytes.inc({ method }, 0);
    },
    received: (method, size) => bytes.inc({ method }, size),
    stored(method, outcome, token) {
      points.inc(outcome.accepted);
      if (outcome.rejections.total() === 0) return;
      for (const [reason, count] of outcome.rejections.entries()) {
        rejected.inc({ method, reason, ...named({ token }) }, count);
      }
    },
    acknowledged(method, durationMs) {
      batches.inc({ method });
      acks.observe({ method }, durationMs / 1000);
    },
    failed: (method, code, reason, token) =>
      failures.inc({ method, code, ...named({ reason, token }) }),
    streamOpened: () => streams.inc(),
    streamClosed: () => streams.dec(),
  };
}

/** Labels without a value are left out, which is the same and shorter. */
function named(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}
