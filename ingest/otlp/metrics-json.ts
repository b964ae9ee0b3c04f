// The JSON form of ExportMetricsServiceRequest. It is turned into the binary form, which is the one
// that is read: JSON is for senders with little to send.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

import { setImmediate as nextTurn } from 'node:timers/promises';
import { fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { ExportMetricsServiceRequestSchema } from '../../proto/index.ts';
import { malformed } from '../errors.ts';

/** Memory that the objects of a parsed text take, by its bytes. */
const PARSED_FACTOR = 8;

/** `hold` is told of memory before it is taken. Others have a turn after each resource. */
export async function metricsFromJson(
  text: Buffer,
  hold: (bytes: number) => void,
): Promise<Buffer> {
  hold(text.length * PARSED_FACTOR);
  const document = parsed(text);
  const messages: Uint8Array[] = [];
  for (const part of partsOf(document)) {
    messages.push(encoded(part));
    await nextTurn();
  }
  // Encoded messages behind one another are one message with the fields of all.
  return Buffer.concat(messages);
}

/** The request as one of its own for each resource. */
function partsOf(document: JsonValue): readonly JsonValue[] {
  const isObject = typeof document === 'object' && document !== null && !Array.isArray(document);
  const resources = isObject ? document['resourceMetrics'] : undefined;
  if (!Array.isArray(resources)) return [document];
  return resources.map((resource) => ({ resourceMetrics: [resource] }));
}

function parsed(text: Buffer): JsonValue {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch (error) {
    throw malformed(`not JSON: ${(error as Error).message}`);
  }
}

function encoded(document: JsonValue): Uint8Array {
  try {
    const options = { ignoreUnknownFields: true };
    const message = fromJson(ExportMetricsServiceRequestSchema, document, options);
    return toBinary(ExportMetricsServiceRequestSchema, message);
  } catch (error) {
    throw malformed((error as Error).message);
  }
}
