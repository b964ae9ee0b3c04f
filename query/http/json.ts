// Results as the JSON of Prometheus's HTTP API, in pieces: an answer may be larger than one string
// should be.

import type { Labels } from '../../storage/index.ts';
import type { QueryResult } from '../engine.ts';
import type { Grid, Points, Series } from '../eval/value.ts';
import { stepTimeMs } from '../eval/value.ts';
import { formatJson } from '../float.ts';

/** Characters after which a piece is passed on. */
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

export function* resultJson(result: QueryResult, options: ResultOptions): Generator<string> {
  const { value } = result;
  const warnings = [...result.warnings];
  let piece = `{"status":"success","data":{"resultType":"${resultType(result)}","result":`;
  if (value.kind === 'string') {
    piece += `[${seconds(result.grid.startMs)},${JSON.stringify(value.value)}]`;
  } else if (value.kind === 'scalar' && result.instant) {
    piece += point(result.grid.startMs, value.values[0]!);
  } else {
    const all = value.kind === 'scalar' ? [scalarSeries(value.values)] : value.series;
    const shown = all.slice(0, options.limit);
    if (shown.length < all.length) warnings.push('results truncated due to limit');
    piece += '[';
    const heads = pointHeads(result.grid);
    const quoted = createQuoted();
    for (const [i, series] of shown.entries()) {
      if (i > 0) piece += ',';
      piece += `{"metric":${metricJson(series.labels, quoted)},`;
      piece +=
        'timestampsMs' in series ? rawJson(series) : columnJson(series, heads, result.instant);
      piece += '}';
      if (piece.length < PIECE_CHARS) continue;
      yield piece;
      piece = '';
    }
    piece += ']';
  }
  if (options.stats !== undefined) piece += `,"stats":${options.stats}`;
  if (options.explain !== undefined) piece += `,"explain":${options.explain}`;
  yield `${piece}}${remarksJson('warnings', warnings)}${remarksJson('infos', result.infos)}}`;
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

function rawJson({ timestampsMs, values }: Points): string {
  const points: string[] = [];
  for (let i = 0; i < values.length; i++) points.push(point(timestampsMs[i]!, values[i]!));
  return `"values":[${points.join(',')}]`;
}

/** `heads` are the beginnings of points, by step: what all series have in common. */
function columnJson(
  { values, present }: Series,
  heads: readonly string[],
  instant: boolean,
): string {
  if (instant) return `"value":${heads[0]}${formatJson(values[0]!)}"]`;
  let points = '';
  for (let i = 0; i < values.length; i++) {
    if (present[i] === 0) continue;
    if (points !== '') points += ',';
    points += `${heads[i]}${formatJson(values[i]!)}"]`;
  }
  return `"values":[${points}]`;
}

function pointHeads(grid: Grid): string[] {
  return Array.from({ length: grid.steps }, (_, i) => pointHead(stepTimeMs(grid, i)));
}

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
