// JSON lines, as `GET /api/v1/export` and VictoriaMetrics write them: a series or a stream of
// events, or a part of one, a line.
//
// {"metric":{"__name__":"up","job":"a"},"values":[1,null],"timestamps":[1000,2000]}
// {"stream":{"service":"api"},"events":[["1000000007","GET /",{"trace":"0a"}]]}

import type { Label } from '../../storage/index.ts';
import type { EventBatch, NewEvent } from '../event-batch.ts';
import type { SeriesBatch } from '../series-batch.ts';
import { LineError, shown } from './line.ts';
import { addValue, ORDINARY_NAN, type ReadValue, wordBits } from './value-text.ts';

const WHOLE = /^-?\d{1,19}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function decodeJsonLine(line: string, points: SeriesBatch, events: EventBatch): void {
  if (line.trim() === '') return;
  const parsed = parseObject(line);
  if (parsed['stream'] === undefined) addPoints(parsed, points);
  else addEvents(parsed, events);
}

type ParsedLine = Readonly<Record<string, unknown>>;

function addPoints({ metric, values, timestamps, warnings }: ParsedLine, batch: SeriesBatch): void {
  if (warnings !== undefined && metric === undefined) {
    throw new LineError(`the export was not complete: ${listed(warnings)}`);
  }
  const labels = readLabels('metric', metric);
  const read = listOf('values', values).map(readValue);
  const timestampsMs = listOf('timestamps', timestamps).map(readTimestamp);
  if (read.length !== timestampsMs.length) {
    throw new LineError(`has ${read.length} values and ${timestampsMs.length} timestamps`);
  }
  if (read.length === 0) return;
  const slot = batch.series(JSON.stringify(metric), () => labels);
  for (let i = 0; i < read.length; i++) addValue(batch, slot, timestampsMs[i]!, read[i]!);
}

function addEvents({ stream, events }: ParsedLine, batch: EventBatch): void {
  const labels = readLabels('stream', stream);
  const read = listOf('events', events).map(readEvent);
  const key = JSON.stringify(stream);
  for (const event of read) batch.add(key, () => labels, event);
}

/** ["<ns>", body] or ["<ns>", body, attributes], with ns since the epoch. */
function readEvent(value: unknown, index: number): NewEvent {
  const [ns, body, attributes = {}] = listOf(`events[${index}]`, value);
  if (typeof ns !== 'string' || !WHOLE.test(ns) || BigInt.asIntN(64, BigInt(ns)) !== BigInt(ns)) {
    throw new LineError(`events[${index}] begins with no time in whole ns as a string`);
  }
  return {
    timestampNs: BigInt(ns),
    body: readBody(body, index),
    attributes: readLabels(`events[${index}][2]`, attributes),
  };
}

/** A string, or {"base64":"..."} for bytes that are no UTF-8. */
function readBody(value: unknown, index: number): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  const encoded = isObject(value) ? value['base64'] : undefined;
  if (typeof encoded === 'string' && BASE64.test(encoded)) return Buffer.from(encoded, 'base64');
  throw new LineError(`events[${index}] has no body as a string, or as {"base64":"..."}`);
}

const NO_OBJECT = 'is not a JSON object with metric, values and timestamps, or stream and events';

function parseObject(line: string): ParsedLine {
  // The parser's own error is dear, and most of what is no object does not begin like one.
  if (!/^\s*\{/.test(line)) throw new LineError(NO_OBJECT);
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw new LineError(`is not JSON: ${(error as Error).message}`);
  }
  if (isObject(parsed)) return parsed;
  throw new LineError(NO_OBJECT);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readLabels(key: string, value: unknown): Label[] {
  if (!isObject(value)) throw new LineError(`${key} is not an object of labels`);
  return Object.entries(value).map(([name, text]) => {
    if (typeof text === 'string') return { name, value: text };
    throw new LineError(`label ${shown(name)} is not a string`);
  });
}

function listOf(key: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new LineError(`${key} is not a list`);
}

/** JSON has no other numbers: what is too large for a double arrives as Infinity. */
function readValue(value: unknown, index: number): ReadValue {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value === null) return ORDINARY_NAN;
  const bits = typeof value === 'string' ? wordBits(value) : undefined;
  if (bits !== undefined) return bits;
  throw new LineError(
    `values[${index}] is ${shown(String(value))}: neither a number that a float64 can hold, ` +
      'null, NaN, StaleNaN, Infinity nor -Infinity',
  );
}

function readTimestamp(value: unknown, index: number): number {
  if (Number.isInteger(value)) return value as number;
  throw new LineError(`timestamps[${index}] is ${shown(String(value))}, not whole milliseconds`);
}

function listed(warnings: unknown): string {
  return Array.isArray(warnings) ? warnings.map(String).join('; ') : String(warnings);
}
