// Which column of a CSV file is what, the way VictoriaMetrics has it:
// `2:metric:ask,3:metric:bid,1:label:ticker,4:time:unix_ms`.

import { IngestError } from '../errors.ts';

export type CsvTimeFormat = 'unix_s' | 'unix_ms' | 'unix_us' | 'unix_ns' | 'rfc3339';

/** Columns are counted from 0 here, and from 1 in the text. */
export interface CsvMapping {
  /** At least one: the values of a row belong to as many series. */
  readonly metrics: readonly { readonly column: number; readonly name: string }[];
  readonly labels: readonly { readonly column: number; readonly name: string }[];
  /** Undefined: rows have no time, and get that of their arrival. */
  readonly time: { readonly column: number; readonly format: CsvTimeFormat } | undefined;
}

const COLUMNS_MAX = 1000;
const TIME_FORMATS: readonly CsvTimeFormat[] = [
  'unix_s',
  'unix_ms',
  'unix_us',
  'unix_ns',
  'rfc3339',
];

/** Throws INVALID_ARGUMENT. */
export function parseCsvMapping(text: string): CsvMapping {
  const metrics: { column: number; name: string }[] = [];
  const labels: { column: number; name: string }[] = [];
  let time: CsvMapping['time'];
  for (const item of text.split(',')) {
    const [, position, kind, context] = /^\s*(\d+):([^:]*):(.+?)\s*$/.exec(item) ?? [];
    if (position === undefined || context === undefined) {
      throw wrong(`${JSON.stringify(item)} is not COLUMN:metric|label|time:NAME`);
    }
    const column = Number(position) - 1;
    if (column < 0 || column >= COLUMNS_MAX) {
      throw wrong(`column ${position} is not within 1 .. ${COLUMNS_MAX}`);
    }
    if (kind === 'metric') metrics.push({ column, name: context });
    else if (kind === 'label') labels.push({ column, name: context });
    else if (kind !== 'time') throw wrong(`${kind} is not metric, label or time`);
    else if (time !== undefined) throw wrong('there are two columns of time');
    else time = { column, format: timeFormat(context) };
  }
  if (metrics.length === 0) throw wrong('no column is a metric');
  return { metrics, labels, time };
}

function timeFormat(text: string): CsvTimeFormat {
  const format = TIME_FORMATS.find((known) => known === text);
  if (format === undefined) throw wrong(`time is one of ${TIME_FORMATS.join(', ')}, not ${text}`);
  return format;
}

function wrong(message: string): IngestError {
  const example = 'say for example format=1:time:unix_s,2:label:host,3:metric:load';
  return new IngestError('INVALID_ARGUMENT', `invalid parameter "format": ${message}; ${example}`);
}
