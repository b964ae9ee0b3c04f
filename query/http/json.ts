// Results as the JSON of Prometheus's HTTP API, in pieces: an answer may be larger than one string
// should be. Points are written as bytes, see number-bytes.ts.

import type { Labels } from '../../storage/index.ts';
import type { QueryResult } from '../engine.ts';
import type { Grid, Points, Series } from '../eval/value.ts';
import { stepTimeMs } from '../eval/value.ts';
import { formatJson } from '../float.ts';
import { NUMBER_BYTES_MAX, writeNumber } from './number-bytes.ts';
import { createPiece, type Piece, type PointHeads } from './piece.ts';

/** Characters or bytes after which a piece is passed on. */
export const PIECE_CHARS = 65_536;

/** Remarks of one kind in one answer, as Prometheus caps them. */
const REMARKS_MAX = 10;

export interface ResultOptions {
  /** Series beyond it are left out, with a warning. */
  readonly limit: number;
  /** The JSON of `data.stats`, when it was asked for. */
  readonly stats: string | undefined;
  /** The JSON of `data.explain`, when it was asked for. */
  readonly explain: string | undefined;
}

export function* resultJson(result: QueryResult, options: ResultOptions): Generator<Uint8Array> {
  const { value } = result;
  const warnings = [...result.warnings];
  const piece = createPiece();
  piece.text(`{"status":"success","data":{"resultType":"${resultType(result)}","result":`);
  if (value.kind === 'string') {
    piece.text(`[${seconds(result.grid.startMs)},${JSON.stringify(value.value)}]`);
  } else if (value.kind === 'scalar' && result.instant) {
    piece.text(point(result.grid.startMs, value.values[0]!));
  } else {
    const all = value.kind === 'scalar' ? [scalarSeries(value.values)] : value.series;
    const shown = all.slice(0, options.limit);
    if (shown.length < all.length) warnings.push('results truncated due to limit');
    const heads = pointHeads(result.grid);
    const quoted = createQuoted();
    let before = '[';
    for (const series of shown) {
      piece.text(`${before}{"metric":${metricJson(series.labels, quoted)},`);
      before = '},';
      if ('timestampsMs' in series) writeRaw(piece, series);
      else if (result.instant)
        piece.text(`"value":${point(result.grid.startMs, series.values[0]!)}`);
      else writeColumn(piece, series, heads);
      if (piece.length() >= PIECE_CHARS) yield piece.take();
    }
    piece.text(shown.length === 0 ? '[]' : '}]');
  }
  if (options.stats !== undefined) piece.text(`,"stats":${options.stats}`);
  if (options.explain !== undefined) piece.text(`,"explain":${options.explain}`);
  piece.text(`}${remarksJson('warnings', warnings)}${remarksJson('infos', result.infos)}}`);
  yield piece.take();
}

function resultType({ value, instant }: QueryResult): string {
  return instant || value.kind === 'string' ? value.kind : 'matrix';
}

function scalarSeries(values: Float64Array): Series {
  return { labels: [], values, present: new Uint8Array(values.length).fill(1), dropName: false };
}

/** `,"warnings":[...]`, or nothing. */
export function remarksJson(key: 'warnings' | 'infos', remarks: readonly string[]): string {
  if (remarks.length === 0) return '';
  const shown = remarks.slice(0, REMARKS_MAX);
  const left = remarks.length - shown.length;
  if (left > 0) shown.push(`${left} more ${key} omitted`);
  return `,"${key}":${JSON.stringify(shown)}`;
}

export function metricJson(labels: Labels, quoted: Quoted = JSON.stringify): string {
  let pairs = '';
  for (const { name, value } of labels) {
    if (pairs !== '') pairs += ',';
    pairs += `${quoted(name)}:${quoted(value)}`;
  }
  return `{${pairs}}`;
}

type Quoted = (text: string) => string;

/** Names and values of labels come again and again in one answer. */
function createQuoted(): Quoted {
  const known = new Map<string, string>();
  return (text) => {
    let json = known.get(text);
    if (json === undefined) {
      json = JSON.stringify(text);
      known.set(text, json);
    }
    return json;
  };
}

function writeRaw(piece: Piece, { timestampsMs, values }: Points): void {
  piece.text('"values":[');
  for (let i = 0; i < values.length; i++) {
    if (i > 0) piece.text(',');
    piece.text(point(timestampsMs[i]!, values[i]!));
  }
  piece.text(']');
}

/** `heads` are the beginnings of points, by step: what all series have in common. */
function writeColumn(piece: Piece, { values, present }: Series, heads: PointHeads): void {
  piece.text('"values":[');
  piece.points(heads, values, present);
  piece.text(']');
}

function pointHeads(grid: Grid): PointHeads {
  const bytes = Buffer.allocUnsafe(grid.steps * HEAD_BYTES_MAX);
  const ends = new Uint32Array(grid.steps);
  let end = 0;
  for (let step = 0; step < grid.steps; step++) {
    const timeMs = stepTimeMs(grid, step);
    if (Math.abs(timeMs) < EXACT_MS_MAX) {
      bytes[end++] = BRACKET;
      end = writeNumber(bytes, end, timeMs / 1000);
      bytes[end++] = COMMA;
      bytes[end++] = QUOTE;
    } else {
      end += bytes.write(pointHead(timeMs), end);
    }
    ends[step] = end;
  }
  return { bytes: bytes.subarray(0, end), ends };
}

/** Up to here a time in seconds has 15 digits, which a double tells apart. */
const EXACT_MS_MAX = 1e15;
const HEAD_BYTES_MAX = NUMBER_BYTES_MAX + 3;
const BRACKET = 0x5b;
const COMMA = 0x2c;
const QUOTE = 0x22;

function point(timestampMs: number, value: number): string {
  return `${pointHead(timestampMs)}${formatJson(value)}"]`;
}

function pointHead(timestampMs: number): string {
  return `[${seconds(timestampMs)},"`;
}

/** Whole milliseconds as seconds, without what a division would round. */
function seconds(timestampMs: number): string {
  const size = Math.abs(timestampMs);
  const rest = size % 1000;
  const whole = `${timestampMs < 0 ? '-' : ''}${(size - rest) / 1000}`;
  return rest === 0 ? whole : `${whole}.${String(rest).padStart(3, '0')}`;
}
