// A device that sends its readings to varve and loses none: one stream with a dictionary, batches
// kept until they are acknowledged, a new stream after a pause when one breaks. Sending a batch
// twice is harmless: a point is (series, timestamp).
// Run it: node dist/deploy/examples/device-client.js

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, credentials, status } from '@grpc/grpc-js';
import {
  SeriesDefinitionSchema,
  type WriteRequest,
  WriteRequestSchema,
  type WriteResponse,
  WriteResponseSchema,
} from '../../proto/index.ts';

const METHOD = '/varve.v1.IngestService/WriteStream';
const PAUSE_MS = { min: 200, max: 10_000 };
/** Past this many unacknowledged batches a device should wait, or store them elsewhere. */
const BATCHES_MAX = 1_000;

export interface Reading {
  /** `__name__` is the metric's name. */
  readonly labels: Readonly<Record<string, string>>;
  readonly timestampMs: number;
  readonly value: number;
}

interface Batch {
  readonly readings: readonly Reading[];
  readonly resolve: (response: WriteResponse) => void;
  readonly reject: (error: Error) => void;
}

export function connectDevice(address: string) {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': PAUSE_MS.min,
    'grpc.max_reconnect_backoff_ms': PAUSE_MS.max,
  });
  const batches: Batch[] = []; // sent or not, without an ack; oldest first, as acks come
  let stream: ClientDuplexStream<WriteRequest, WriteResponse> | undefined;
  let refs = new Map<string, number>(); // what the stream's server knows
  let sequence = 0n;
  let pauseMs = PAUSE_MS.min;
  let closed = false;

  function open(): void {
    refs = new Map();
    stream = client.makeBidiStreamRequest(
      METHOD,
      (request: WriteRequest) => Buffer.from(toBinary(WriteRequestSchema, request)),
      (bytes: Buffer) => fromBinary(WriteResponseSchema, bytes),
    );
    stream.on('data', (response: WriteResponse) => {
      pauseMs = PAUSE_MS.min;
      batches.shift()?.resolve(response);
    });
    stream.on('error', () => {}); // `status` tells the same, and comes after every end
    stream.on('status', ({ code, details }) => {
      stream = undefined;
      // The batch itself is wrong, and would be the next time too.
      if (code === status.INVALID_ARGUMENT) batches.shift()?.reject(new Error(details));
      if (closed) return;
      setTimeout(open, pauseMs);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS.max);
    });
    for (const batch of batches) stream.write(encode(batch.readings));
  }

  function encode(readings: readonly Reading[]): WriteRequest {
    const request = create(WriteRequestSchema, { sequence: ++sequence, columns: {} });
    const { refs: column, timestampsMs, values } = request.columns!;
    for (const { labels, timestampMs, value } of readings) {
      const key = JSON.stringify(labels);
      const known = refs.get(key);
      const ref = known ?? refs.size + 1;
      if (known === undefined) {
        const pairs = Object.entries(labels).map(([name, text]) => ({ name, value: text }));
        request.definitions.push(create(SeriesDefinitionSchema, { ref, labels: pairs }));
        refs.set(key, ref);
      }
      column.push(ref);
      timestampsMs.push(BigInt(timestampMs));
      values.push(value);
    }
    return request;
  }

  open();
  return {
    /** Resolves when the readings are stored; `rejected`, `rejections`: what was not taken. */
    send(readings: readonly Reading[]): Promise<WriteResponse> {
      if (batches.length >= BATCHES_MAX) return Promise.reject(new Error('too many batches wait'));
      return new Promise((resolve, reject) => {
        batches.push({ readings, resolve, reject });
        stream?.write(encode(readings));
      });
    },
    close(): void {
      closed = true;
      stream?.end();
      client.close();
    },
  };
}

/** A demonstration: one temperature a second to the address given, 127.0.0.1:4317 by default. */
async function demonstrate(address = '127.0.0.1:4317'): Promise<void> {
  const device = connectDevice(address);
  const labels = { __name__: 'room_temperature_celsius', room: 'kitchen', device: 'demo' };
  setInterval(async () => {
    const timestampMs = Date.now();
    const value = 21 + 2 * Math.sin(timestampMs / 60_000);
    const { accepted } = await device.send([{ labels, timestampMs, value }]);
    console.log(`${new Date(timestampMs).toISOString()} ${value.toFixed(2)} accepted ${accepted}`);
  }, 1000);
}

if (process.argv[1] === import.meta.filename) await demonstrate(process.argv[2]);
