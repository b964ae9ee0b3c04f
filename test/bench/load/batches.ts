// Pre-encoded write requests as gRPC messages, so that a load client spends next to nothing on
// them: only the timestamps are written anew each time a batch is used.

import { create, toBinary } from '@bufbuild/protobuf';
import { ColumnsSchema, WriteRequestSchema } from '../../../proto/index.ts';
import { framed } from '../../support/write-requests.ts';

const STEP_MS = 10_000;
const METRICS_PER_HOST = 10;

/** A gRPC message, its length prefix included. */
export interface LoadBatch {
  readonly bytes: Buffer;
  readonly points: number;
  /** Moves the batch's points to `startMs` and after. */
  setTime(startMs: number): void;
}

/** The definitions of refs 0 to `series` - 1: ten metrics a host. */
export function definitionsMessage(series: number): Buffer {
  const definitions = Array.from({ length: series }, (_, ref) => ({
    ref,
    labels: seriesLabels(ref),
  }));
  return framed(toBinary(WriteRequestSchema, create(WriteRequestSchema, { definitions })));
}

/** Columns of `rounds` points for each of the series, ten seconds apart; no sequence. */
export function columnsBatch(series: number, rounds: number, seed: number): LoadBatch {
  const points = series * rounds;
  const refs = Array.from({ length: points }, (_, i) => i % series);
  const values = refs.map((ref, i) => sample(ref, seed * rounds + Math.floor(i / series)));
  const timestampsMs = new Array<bigint>(points).fill(0n);
  const columns = create(ColumnsSchema, { refs, timestampsMs, values });
  const bytes = framed(toBinary(WriteRequestSchema, create(WriteRequestSchema, { columns })));
  // Columns are the last field, values its last run; two headers of at most five bytes between.
  const valuesStart = bytes.length - points * 8;
  const valuesHeaderBytes = 1 + varintBytes(points * 8);
  const timestampsStart = valuesStart - valuesHeaderBytes - points * 8;
  return {
    bytes,
    points,
    setTime(startMs) {
      for (let round = 0; round < rounds; round++) {
        const pattern = Buffer.alloc(8);
        pattern.writeBigInt64LE(BigInt(startMs + round * STEP_MS));
        const start = timestampsStart + round * series * 8;
        bytes.fill(pattern, start, start + series * 8);
      }
    },
  };
}

/** One point for each of `series` self-contained series. */
export function seriesMessage(series: number, timestampMs: number, seed: number): Buffer {
  const all = Array.from({ length: series }, (_, ref) => ({
    labels: seriesLabels(ref),
    timestampsMs: [BigInt(timestampMs)],
    values: [sample(ref, seed)],
  }));
  return framed(toBinary(WriteRequestSchema, create(WriteRequestSchema, { series: all })));
}

function seriesLabels(ref: number) {
  const host = Math.floor(ref / METRICS_PER_HOST);
  return [
    { name: '__name__', value: `device_metric_${ref % METRICS_PER_HOST}` },
    { name: 'host', value: `host-${host}` },
    { name: 'region', value: `eu-${host % 4}` },
    { name: 'service', value: 'telemetry' },
  ];
}

/** Gauges of two decimals, and on every third series a counter. */
function sample(ref: number, round: number): number {
  if (ref % 3 === 0) return ref * 1000 + round * 7;
  return Math.round((50 + 40 * Math.sin(ref + round / 30)) * 100) / 100;
}

function varintBytes(value: number): number {
  return Math.max(1, Math.ceil(Math.log2(value + 1) / 7));
}
