// JSON lines, as `GET /api/v1/export` and VictoriaMetrics write them: a series, or a part of one, a
// line. {"metric":{"__name__":"up","job":"a"},"values":[1,null],"timestamps":[1000,2000]}

import type { Label } from '../../storage/index.ts';
import type { SeriesBatch } from '../series-batch.ts';
import { LineError, shown } from './line.ts';
import { addValue, ORDINARY_NAN, type ReadValue, wordBits } from './value-text.ts';

export function decodeJsonLine(line: string, batch: SeriesBatch): void {
  if (line.trim() === '') return;
  const { metric, values, timestamps, warnings } = parseObject(line);
  if (warnings !== undefined && metric === undefined) {
    throw new LineError(`the export was not complete: ${listed(warnings)}`);
  }
  const labels = readLabels(metric);
  const read = listOf('values', values).map(readValue);
  const timestampsMs = listOf('timestamps', timestamps).map(readTimestamp);
  if (read.length !== timestampsMs.length) {
    throw new LineError(`has ${read.length} values and ${timestampsMs.length} timestamps`);
  }
  if (read.length === 0) return;
  const slot = batch.series(JSON.stringify(metric), () => labels);
  for (let i = 0; i < read.length; i++) addValue(batch, slot, timestampsMs[i]!, read[i]!);
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw new LineError(`is not JSON: ${(error as Error).message}`);
  }
  if (isObject(parsed)) return parsed;
  throw new LineError('is not a JSON object with metric, values and timestamps');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readLabels(metric: unknown): Label[] {
  if (!isObject(metric)) throw new LineError('metric is not an object of labels');
  return Object.entries(metric).map(([name, value]) => {
    if (typeof value === 'string') return { name, value };
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
