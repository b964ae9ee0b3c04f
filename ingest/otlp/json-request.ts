// The JSON form of OTLP's requests. It is turned into the binary form, which is the one that is
// read: JSON is for senders with little to send.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DescMessage, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { malformed } from '../errors.ts';

/** Memory that the objects of a parsed text take, by its bytes. */
const PARSED_FACTOR = 8;

const ID_KEYS: ReadonlySet<string> = new Set(['traceId', 'spanId', 'trace_id', 'span_id']);

/**
 * The binary form of a request of `schema`, whose resources are the list `list`. `hold` is told of
 * memory before it is taken. Others have a turn after each resource.
 */
export async function requestFromJson(
  schema: DescMessage,
  list: 'resourceMetrics' | 'resourceLogs',
  text: Buffer,
  hold: (bytes: number) => void,
): Promise<Buffer> {
  hold(text.length * PARSED_FACTOR);
  const document = parsed(text);
  const messages: Uint8Array[] = [];
  for (const part of partsOf(document, list)) {
    messages.push(encoded(schema, part));
    await nextTurn();
  }
  // Encoded messages behind one another are one message with the fields of all.
  return Buffer.concat(messages);
}

/** The request as one of its own for each resource. */
function partsOf(document: JsonValue, list: string): readonly JsonValue[] {
  const isObject = typeof document === 'object' && document !== null && !Array.isArray(document);
  const resources = isObject ? document[list] : undefined;
  if (!Array.isArray(resources)) return [document];
  return resources.map((resource) => ({ [list]: [resource] }));
}

function parsed(text: Buffer): JsonValue {
  try {
    return JSON.parse(text.toString('utf8'), withBase64Ids);
  } catch (error) {
    throw malformed(`not JSON: ${(error as Error).message}`);
  }
}

/** Ids of traces and spans are hex in OTLP's JSON, where protobuf's has bytes as base64. */
function withBase64Ids(key: string, value: unknown): unknown {
  const isHexId = ID_KEYS.has(key) && typeof value === 'string' && /^(?:[\da-f]{2})*$/i.test(value);
  return isHexId ? Buffer.from(value, 'hex').toString('base64') : value;
}

function encoded(schema: DescMessage, document: JsonValue): Uint8Array {
  try {
    const options = { ignoreUnknownFields: true };
    return toBinary(schema, fromJson(schema, document, options));
  } catch (error) {
    throw malformed((error as Error).message);
  }
}
