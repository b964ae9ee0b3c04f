// Writes samples through the gRPC door as any client would: one WriteStream with a dictionary, a
// column per part of a point. A stream that breaks is opened anew, with a fresh dictionary.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import {
  IngestService,
  type WriteRequest,
  WriteRequestSchema,
  type WriteResponse,
  WriteResponseSchema,
} from '../../proto/index.ts';
import type { Sample } from './sample.ts';

const METHOD_PATH = `/${IngestService.typeName}/${IngestService.method.writeStream.name}`;
/** Series the server may be asked to remember; past it the dictionary starts afresh. */
const REFS_MAX = 100_000;

export interface SampleWriter {
  /** Resolves with the server's answer; rejects when the stream breaks before it. */
  write(samples: readonly Sample[], timestampMs: number): Promise<WriteResponse>;
  close(): void;
}

interface OpenStream {
  readonly call: ClientDuplexStream<WriteRequest, WriteResponse>;
  readonly refs: Map<string, number>;
  /** In the order of their batches, which is the order of the answers. */
  readonly waiting: Waiting[];
}

interface Waiting {
  readonly resolve: (response: WriteResponse) => void;
  readonly reject: (error: Error) => void;
}

/** `secret` is the token to show at `target`. */
export function createSampleWriter(target: string, secret: string): SampleWriter {
  const client = new Client(target, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${secret}`);
  let open: OpenStream | undefined;
  let sequence = 0n;

  function openStream(): OpenStream {
    const call = client.makeBidiStreamRequest(
      METHOD_PATH,
      (request: WriteRequest) => Buffer.from(toBinary(WriteRequestSchema, request)),
      (bytes: Buffer) => fromBinary(WriteResponseSchema, bytes),
      metadata,
    );
    const stream: OpenStream = { call, refs: new Map(), waiting: [] };
    const broken = (error: Error) => {
      if (open === stream) open = undefined;
      for (const { reject } of stream.waiting.splice(0)) reject(error);
    };
    call.on('data', (response: WriteResponse) => stream.waiting.shift()?.resolve(response));
    call.on('error', broken);
    call.on('end', () => broken(new Error('the server ended the stream')));
    return stream;
  }

  return {
    write(samples, timestampMs) {
      if (open !== undefined && open.refs.size + samples.length > REFS_MAX) {
        open.call.end();
        open = undefined;
      }
      open ??= openStream();
      const { call, refs, waiting } = open;
      const request = requestOf(samples, timestampMs, refs, ++sequence);
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        call.write(request);
      });
    },
    close() {
      open?.call.end();
      client.close();
    },
  };
}

/** The samples as columns, with definitions for the series that `refs` does not have yet. */
export function requestOf(
  samples: readonly Sample[],
  timestampMs: number,
  refs: Map<string, number>,
  sequence: bigint,
): WriteRequest {
  const definitions: { ref: number; labels: { name: string; value: string }[] }[] = [];
  const columnRefs = samples.map(({ name, labels }) => {
    const key = JSON.stringify([name, labels]);
    const known = refs.get(key);
    if (known !== undefined) return known;
    const ref = refs.size + 1;
    refs.set(key, ref);
    const pairs = Object.entries({ __name__: name, ...labels });
    // An empty value is the same as no label.
    const present = pairs.filter(([, value]) => value !== '');
    definitions.push({ ref, labels: present.map(([name, value]) => ({ name, value })) });
    return ref;
  });
  return create(WriteRequestSchema, {
    sequence,
    definitions,
    columns: {
      refs: columnRefs,
      timestampsMs: samples.map(() => BigInt(timestampMs)),
      values: samples.map(({ value }) => value),
    },
  });
}
