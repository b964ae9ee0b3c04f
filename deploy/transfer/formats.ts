// The formats that can be imported: how files of them are called, and where they are sent.

import { UserError } from '../user-error.ts';
import { withoutCompression } from './compression.ts';

export type Format = 'influx' | 'jsonl' | 'openmetrics' | 'csv';

export interface FormatOptions {
  /** What the columns of a CSV file are, as the server's parameter `format` has it. */
  readonly columns?: string | undefined;
  /** Of timestamps in line protocol; the server's default is ns. */
  readonly precision?: string | undefined;
  /** What the points of line protocol are to have as their label `db`. */
  readonly db?: string | undefined;
}

interface Target {
  readonly path: string;
  readonly contentType: string;
  readonly parameters: URLSearchParams;
}

const EXTENSIONS: Readonly<Record<Format, readonly string[]>> = {
  influx: ['.influx', '.lp', '.line'],
  jsonl: ['.jsonl', '.ndjson', '.json'],
  openmetrics: ['.om', '.openmetrics', '.prom', '.metrics', '.txt'],
  csv: ['.csv'],
};

export const FORMATS = Object.keys(EXTENSIONS) as readonly Format[];

/** Stdin is taken for what an export writes. */
export function formatOf(file: string): Format {
  if (file === '-') return 'jsonl';
  const name = withoutCompression(file).toLowerCase();
  const known = FORMATS.find((format) =>
    EXTENSIONS[format].some((extension) => name.endsWith(extension)),
  );
  if (known !== undefined) return known;
  const message = `the name of ${file} does not tell its format: say --format ${FORMATS.join('|')}`;
  throw new UserError(message, 2);
}

export function targetOf(format: Format, options: FormatOptions): Target {
  const parameters = new URLSearchParams();
  switch (format) {
    case 'jsonl':
      return { path: '/api/v1/import', contentType: 'application/x-ndjson', parameters };
    case 'openmetrics':
      return { path: '/api/v1/import/prometheus', contentType: 'text/plain', parameters };
    case 'csv':
      if (options.columns === undefined) {
        const example = '--columns 1:time:unix_s,2:label:host,3:metric:load';
        throw new UserError(`a CSV file needs to be told its columns, for example ${example}`, 2);
      }
      parameters.set('format', options.columns);
      return { path: '/api/v1/import/csv', contentType: 'text/csv', parameters };
    case 'influx':
      if (options.precision !== undefined) parameters.set('precision', options.precision);
      if (options.db !== undefined) parameters.set('db', options.db);
      return { path: '/write', contentType: 'text/plain', parameters };
  }
}
