// Write requests as gRPC messages, encoded before the clock starts: a load client that spends next
// to nothing on them leaves the machine to the server. Only timestamps are written anew each time a
// batch is used.

import { create, toBinary } from '@bufbuild/protobuf';
import { WriteRequestSchema } from '../../../proto/index.ts';
import { METRIC_KINDS, metricValues } from '../../support/metric-mix.ts';
import { field, framed, toLabels, varint } from '../../support/write-requests.ts';
import { STEP_MS } from './job.ts';

/** The series of one client, out of a fleet with ten metrics a host. */
export interface LoadSeries {
  readonly first: number;
  readonly count: number;
  readonly service: string;
}

export interface BatchSource {
  readonly pointsPerBatch: number;
  readonly roundsPerBatch: number;
  /** Batches that may be under way at once: the next one overwrites the oldest. */
  readonly distinct: number;
  /** The next batch, its first points at `startMs`: a gRPC message behind its length. */
  next(startMs: number): Buffer;
}

/** The definitions of refs 0 to `count` - 1. */
export function definitionsMessage(series: LoadSeries): Buffer {
  const definitions = Array.from({ length: series.count }, (_, ref) => ({
    ref,
    labels: labelsOf(series, ref),
  }));
  return framed(toBinary(WriteRequestSchema, create(WriteRequestSchema, { definitions })));
}

/** Columns as a scraper sends them: all series at one time, then all at the next. */
export function columnsSource(
  series: LoadSeries,
  rounds: number,
  roundsPerBatch: number,
): BatchSource {
  const pointsPerBatch = series.count * roundsPerBatch;
  const values = mixValues(series, rounds);
  const refs = Uint32Array.from({ length: pointsPerBatch }, (_, i) => i % series.count);
  const batches = Array.from({ length: rounds / roundsPerBatch }, (_, i) =>
    columnsMessage(refs, values.subarray(i * pointsPerBatch, (i + 1) * pointsPerBatch)),
  );
  const roundBytes = series.count * 8;
  const headerBytes = 1 + varint(pointsPerBatch * 8).length;
  let used = 0;
  return {
    pointsPerBatch,
    roundsPerBatch,
    distinct: batches.length,
    next(startMs) {
      const bytes = batches[used++ % batches.length]!;
      // The values are the message's end, the timestamps lie before them and their header.
      let start = bytes.length - pointsPerBatch * 8 - headerBytes - pointsPerBatch * 8;
      for (let round = 0; round < roundsPerBatch; round++) {
        bytes.fill(timestampBytes(startMs + round * STEP_MS), start, start + roundBytes);
        start += roundBytes;
      }
      return bytes;
    },
  };
}

/** One point for each self-contained series. There is one buffer: one batch under way. */
export function seriesSource(series: LoadSeries, rounds: number): BatchSource {
  const values = mixValues(series, rounds);
  const timestampAt = new Uint32Array(series.count);
  const parts: Buffer[] = [];
  let size = framed(new Uint8Array()).length;
  for (let k = 0; k < series.count; k++) {
    const labels = labelsOf(series, k).map(({ name, value }) =>
      field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])),
    );
    const columns = [field(2, new Uint8Array(8)), field(3, new Uint8Array(8))];
    const part = field(2, Buffer.concat([...labels, ...columns]));
    parts.push(part);
    size += part.length;
    timestampAt[k] = size - columns[1]!.length - 8;
  }
  const message = framed(Buffer.concat(parts));
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  let round = 0;
  return {
    pointsPerBatch: series.count,
    roundsPerBatch: 1,
    distinct: 1,
    next(startMs) {
      const low = startMs >>> 0;
      const high = Math.floor(startMs / 2 ** 32);
      const start = (round++ % rounds) * series.count;
      for (let k = 0; k < series.count; k++) {
        const at = timestampAt[k]!;
        view.setUint32(at, low, true);
        view.setInt32(at + 4, high, true);
        view.setFloat64(at + 10, values[start + k]!, true);
      }
      return message;
    },
  };
}

/** Values of the mix, round by round. */
export function mixValues({ first, count }: LoadSeries, rounds: number): Float64Array {
  const values = new Float64Array(rounds * count);
  for (let k = 0; k < count; k++) {
    const kind = METRIC_KINDS[(first + k) % METRIC_KINDS.length]!;
    const own = metricValues(kind, rounds, first + k);
    for (let round = 0; round < rounds; round++) values[round * count + k] = own[round]!;
  }
  return values;
}

function columnsMessage(refs: Uint32Array, values: Float64Array): Buffer {
  const columns = [
    field(1, bytesOf(refs)),
    field(2, new Uint8Array(values.byteLength)),
    field(3, bytesOf(values)),
  ];
  return framed(field(4, Buffer.concat(columns)));
}

export function labelsOf({ first, service }: LoadSeries, k: number) {
  const host = Math.floor((first + k) / METRIC_KINDS.length);
  return toLabels({
    __name__: `device_metric_${(first + k) % METRIC_KINDS.length}`,
    host: `host-${host}`,
    region: `eu-${host % 4}`,
    service,
  });
}

function timestampBytes(timestampMs: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(timestampMs));
  return bytes;
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
