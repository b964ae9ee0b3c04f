// CSV as RFC 4180 has it, a row a line: quoted fields may hold commas and quotes, no line break.

import type { Label } from '../../storage/index.ts';
import { ROW_BYTES_MAX } from '../limits.ts';
import type { SeriesBatch } from '../series-batch.ts';
import type { CsvMapping, CsvTimeFormat } from './csv-mapping.ts';
import { type LineDecoder, LineError, shown } from './line.ts';
import { addValue, parseDecimal, parseValue, type ReadValue } from './value-text.ts';

export interface CsvOptions {
  readonly mapping: CsvMapping;
  /** Lines at the start that are no rows. */
  readonly headerLines: number;
  /** Of rows without a time. */
  readonly nowMs: number;
}

/** A metric without a value in this row has no point; a label without one is left out. */
export function createCsvDecoder({ mapping, headerLines, nowMs }: CsvOptions): LineDecoder {
  const { metrics, labels, time } = mapping;
  let headersLeft = headerLines;
  // Part of what a series is known by: another request may call the same columns something else.
  const names = JSON.stringify([metrics, labels].map((columns) => columns.map(({ name }) => name)));

  function decodeRow(fields: readonly string[], batch: SeriesBatch): void {
    const timestampMs =
      time === undefined ? nowMs : parseTime(fieldAt(fields, time.column), time.format);
    const values = metrics.map(({ column, name }) => readValue(fieldAt(fields, column), name));
    // With their lengths, so that no two rows are the same by chance.
    let key = names;
    for (const { column } of labels) {
      const value = fieldAt(fields, column);
      key += `${value.length}:${value}`;
    }
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value === undefined) continue;
      const slot = batch.series(key + i, () => seriesLabels(mapping, i, fields));
      addValue(batch, slot, timestampMs, value);
    }
  }

  return {
    lineBytesMax: ROW_BYTES_MAX,
    decode(line, batch) {
      if (headersLeft > 0) headersLeft--;
      else if (line.trim() !== '') decodeRow(splitRow(line), batch);
    },
  };
}

function seriesLabels({ metrics, labels }: CsvMapping, metric: number, fields: readonly string[]) {
  const name: Label = { name: '__name__', value: metrics[metric]!.name };
  return [
    name,
    ...labels.map((label) => ({ name: label.name, value: fieldAt(fields, label.column) })),
  ];
}

/** Quotes as RFC 4180 has them; spaces belong to their field. */
export function splitRow(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  for (let at = 0; at <= line.length; ) {
    if (line[at] !== '"') {
      const comma = line.indexOf(',', at);
      const end = comma < 0 ? line.length : comma;
      fields.push(line.slice(at, end));
      at = end + 1;
      continue;
    }
    let end = line.indexOf('"', at + 1);
    while (end >= 0 && line[end + 1] === '"') end = line.indexOf('"', end + 2);
    if (end < 0) {
      throw new LineError('a quote is not closed, and no field goes on in the next line');
    }
    if (end + 1 < line.length && line[end + 1] !== ',') {
      throw new LineError(`expected a comma at ${shown(line.slice(end + 1))}`);
    }
    fields.push(line.slice(at + 1, end).replaceAll('""', '"'));
    at = end + 2;
  }
  return fields;
}

function fieldAt(fields: readonly string[], column: number): string {
  const field = fields[column];
  if (field !== undefined) return field.trim();
  throw new LineError(`has ${fields.length} columns, and column ${column + 1} is asked for`);
}

function readValue(text: string, metric: string): ReadValue | undefined {
  if (text === '') return undefined;
  const value = parseValue(text);
  if (value !== undefined) return value;
  throw new LineError(`${shown(text)} is not a value of ${shown(metric)}`);
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
/** No count of nanoseconds that can be stored has more digits. */
const COUNT = /^[+-]?\d{1,25}$/;

/** In ms; what is finer than that is cut off. */
function parseTime(text: string, format: CsvTimeFormat): number {
  const timestampMs = timeMs(text, format);
  if (timestampMs !== undefined && !Number.isNaN(timestampMs)) return timestampMs;
  throw new LineError(`${shown(text)} is not a time in ${format}`);
}

function timeMs(text: string, format: CsvTimeFormat): number | undefined {
  switch (format) {
    case 'rfc3339':
      return RFC_3339.test(text) ? Date.parse(text) : undefined;
    case 'unix_s':
      return Math.round((parseDecimal(text) ?? Number.NaN) * 1000);
    case 'unix_ms':
      return COUNT.test(text) ? Number(text) : undefined;
    case 'unix_us':
      return COUNT.test(text) ? Number(BigInt(text) / 1000n) : undefined;
    case 'unix_ns':
      return COUNT.test(text) ? Number(BigInt(text) / 1_000_000n) : undefined;
  }
}
