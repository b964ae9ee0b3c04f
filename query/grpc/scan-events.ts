// ScanRange: events, in the messages that they are written in.

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Labels, StoredEvent } from '../../storage/index.ts';
import { writeLabels } from './encode.ts';

/** Field numbers, as in proto/varve/v1. */
const SCAN_RANGE_RESPONSE = { events: 3 };
const EVENT_STREAM = { labels: 1, events: 2 };
const EVENT = { timestampNs: 1, body: 2, attributes: 3 };

/** Bodies of one message, but for its last: with 1 MiB more still below 4 MiB. */
const MESSAGE_BYTES_MAX = 512 * 1024;

/** Encoded ScanRangeResponses. */
export async function* scanEventMessages(
  batches: AsyncIterable<readonly StoredEvent[]>,
): AsyncGenerator<Uint8Array> {
  for await (const batch of batches) {
    for (let from = 0; from < batch.length; ) {
      let to = from;
      for (let bytes = 0; to < batch.length && bytes < MESSAGE_BYTES_MAX; to++) {
        bytes += sizeOf(batch[to]!);
      }
      yield encodeEvents(batch.slice(from, to));
      from = to;
    }
  }
}

function sizeOf({ body, attributes }: StoredEvent): number {
  return attributes.reduce((sum, { name, value }) => sum + name.length + value.length, body.length);
}

/** Events that follow each other in one stream share a message. */
function encodeEvents(events: readonly StoredEvent[]): Uint8Array {
  const writer = new BinaryWriter();
  let stream: Labels | undefined;
  for (const { labels, timestampMs, nanos, body, attributes } of events) {
    if (labels !== stream) {
      if (stream !== undefined) writer.join();
      stream = labels;
      writer.tag(SCAN_RANGE_RESPONSE.events, WireType.LengthDelimited).fork();
      writeLabels(writer, EVENT_STREAM.labels, labels);
    }
    writer.tag(EVENT_STREAM.events, WireType.LengthDelimited).fork();
    const timestampNs = BigInt(timestampMs) * 1_000_000n + BigInt(nanos);
    writer.tag(EVENT.timestampNs, WireType.Bit64).sfixed64(timestampNs);
    writer.tag(EVENT.body, WireType.LengthDelimited).bytes(body);
    writeLabels(writer, EVENT.attributes, attributes);
    writer.join();
  }
  if (stream !== undefined) writer.join();
  return writer.finish();
}
