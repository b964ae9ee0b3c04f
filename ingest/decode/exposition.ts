// Prometheus's text format (0.0.4 and 1.0.0) and OpenMetrics (1.0), line by line:
//
//   # TYPE requests counter
//   requests_total{path="/",code="200"} 1027 1700000000.5 # {trace_id="a"} 0.67
//   {"http.status", job="api"} 200
//
// https://prometheus.io/docs/instrumenting/exposition_formats and
// https://prometheus.io/docs/specs/om/open_metrics_spec. What one of them forbids and the other has
// is read in both. Lines of `_created` are points like any other, as Prometheus takes them;
// exemplars are counted and left out.

import type { MetadataStore } from '../../storage/index.ts';
import { ROW_BYTES_MAX } from '../limits.ts';
import type { SeriesBatch } from '../series-batch.ts';
import { createFamilyReader } from './exposition-families.ts';
import { readSeriesLabels, seriesEnd } from './exposition-labels.ts';
import { type LineDecoder, LineError, shown } from './line.ts';
import { addValue, parseDecimal, parseValue } from './value-text.ts';

/**
 * What a timestamp counts: Prometheus's format has milliseconds, OpenMetrics seconds. Guessed, it
 * is seconds when it has a fraction or lies within +-2^31, which milliseconds did last in 1970.
 */
export type TimestampUnit = 'milliseconds' | 'seconds' | 'guessed';

export interface ExpositionOptions {
  readonly timestampUnit: TimestampUnit;
  /** Of points that come without a timestamp. */
  readonly nowMs: number;
  readonly metadata: MetadataStore;
}

/** The value, and what may stand behind it: a timestamp, an exemplar. */
const AFTER_SERIES = /^[ \t]*(\S+)(?:[ \t]+([^\s#]\S*))?[ \t]*(#[ \t]*\{.*)?$/;
const SECONDS_MAX = 2 ** 31;

export function createExpositionDecoder(options: ExpositionOptions): LineDecoder {
  const families = createFamilyReader(options.metadata);
  return {
    lineBytesMax: ROW_BYTES_MAX,
    decode(line, batch) {
      const text = line.trim();
      if (text === '') return;
      if (text.startsWith('#')) families.read(text);
      else decodeSample(text, batch, options);
    },
    end: families.end,
  };
}

function decodeSample(line: string, batch: SeriesBatch, options: ExpositionOptions): void {
  const end = seriesEnd(line);
  const found = AFTER_SERIES.exec(line.slice(end));
  if (found === null) {
    throw new LineError(`expected a value and a timestamp at ${shown(line.slice(end))}`);
  }
  const [, valueText = '', timestampText, exemplar] = found;
  const value = parseValue(valueText);
  if (value === undefined) throw new LineError(`${shown(valueText)} is not a value`);
  const timestampMs =
    timestampText === undefined
      ? options.nowMs
      : parseTimestamp(timestampText, options.timestampUnit);
  const series = line.slice(0, end);
  const slot = batch.series(series, () => readSeriesLabels(series));
  addValue(batch, slot, timestampMs, value);
  if (exemplar !== undefined) batch.reject('exemplar');
}

function parseTimestamp(text: string, unit: TimestampUnit): number {
  const time = parseDecimal(text);
  if (time === undefined) throw new LineError(`${shown(text)} is not a timestamp`);
  if (isSeconds(time, unit)) return Math.round(time * 1000);
  if (Number.isInteger(time)) return time;
  throw new LineError(`${shown(text)} is not a timestamp in whole milliseconds`);
}

function isSeconds(time: number, unit: TimestampUnit): boolean {
  if (unit !== 'guessed') return unit === 'seconds';
  return !Number.isInteger(time) || Math.abs(time) < SECONDS_MAX;
}
