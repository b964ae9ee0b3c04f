// POST /api/v1/import, import/prometheus and import/csv: files of points, however long. Each line
// stands alone: one that cannot be read costs itself, and is named in the answer.

import { createCsvDecoder } from '../decode/csv.ts';
import { parseCsvMapping } from '../decode/csv-mapping.ts';
import { createExpositionDecoder, type TimestampUnit } from '../decode/exposition.ts';
import { decodeJsonLine } from '../decode/json-lines.ts';
import { IngestError } from '../errors.ts';
import type { HttpAnswer, HttpDoor, HttpRequest, Refusal } from './http-door.ts';
import { importLines } from './import-lines.ts';

const HEADER_LINES_MAX = 1000;

export const IMPORT_DOORS: readonly HttpDoor[] = [
  {
    url: '/api/v1/import',
    name: 'import',
    handle: (request) => importLines(request, { decode: decodeJsonLine }),
    refuse,
  },
  {
    url: '/api/v1/import/prometheus',
    name: 'import_prometheus',
    handle: (request) => importLines(request, createExpositionDecoder(expositionOptions(request))),
    refuse,
  },
  {
    url: '/api/v1/import/csv',
    name: 'import_csv',
    handle: (request) => importLines(request, createCsvDecoder(csvOptions(request))),
    refuse,
  },
];

function expositionOptions({ headers, metadata, arrivedAtMs }: HttpRequest) {
  const timestampUnit = timestampUnitOf(headers['content-type'] ?? '');
  return { timestampUnit, metadata, nowMs: arrivedAtMs };
}

/** Both formats have a media type; `text/plain` without a version may be anything. */
function timestampUnitOf(contentType: string): TimestampUnit {
  const type = contentType.toLowerCase();
  if (type.startsWith('application/openmetrics-text')) return 'seconds';
  return /^text\/plain;.*\bversion=/.test(type) ? 'milliseconds' : 'guessed';
}

function csvOptions({ parameters, arrivedAtMs }: HttpRequest) {
  const mapping = parseCsvMapping(parameters.get('format') ?? '');
  const text = parameters.get('header_lines') ?? '0';
  const headerLines = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(headerLines <= HEADER_LINES_MAX)) {
    const message = `invalid parameter "header_lines": say a number up to ${HEADER_LINES_MAX}`;
    throw new IngestError('INVALID_ARGUMENT', message);
  }
  return { mapping, headerLines, nowMs: arrivedAtMs };
}

/** As every answer under /api/v1. */
function refuse({ code, message }: Refusal): Omit<HttpAnswer, 'status'> {
  const errorType = code === 'INVALID_ARGUMENT' ? 'bad_data' : code.toLowerCase();
  return {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ status: 'error', errorType, error: message }),
  };
}
