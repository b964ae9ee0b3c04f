// A WAL segment: its records by kind, and what is damaged between them.

import type { PointBatch } from '../types.ts';
import { readSegment } from '../wal/reader.ts';
import { fact, type InspectLines } from './line.ts';
import { headerLines, type LogInspection, logDamage, paddingDamage } from './log-file.ts';
import { bytes, bytesPerPoint, count, span, time } from './words.ts';

interface Totals {
  seriesRecords: number;
  series: number;
  pointsRecords: number;
  points: number;
  pointsBytes: number;
  eventRecords: number;
  events: number;
  eventBytes: number;
  minTimestampMs: number;
  maxTimestampMs: number;
  firstSeries: number;
  lastSeries: number;
}

/** Reads all of it: there is no telling what a segment holds otherwise. */
export async function* inspectSegment(inspection: LogInspection): InspectLines {
  const { fs, path } = inspection;
  yield fact(`${path}: WAL segment, ${bytes((await fs.size(path)) ?? 0)}`);
  yield* headerLines('wal', inspection);
  const totals: Totals = {
    seriesRecords: 0,
    series: 0,
    pointsRecords: 0,
    points: 0,
    pointsBytes: 0,
    eventRecords: 0,
    events: 0,
    eventBytes: 0,
    minTimestampMs: Number.POSITIVE_INFINITY,
    maxTimestampMs: Number.NEGATIVE_INFINITY,
    firstSeries: Number.POSITIVE_INFINITY,
    lastSeries: 0,
  };
  for await (const item of readSegment(fs, path)) {
    if (item.kind === 'damage') {
      yield logDamage(inspection, item);
      continue;
    }
    if (!item.padded) yield paddingDamage(path, item);
    if (item.record.kind === 'series') {
      totals.seriesRecords++;
      totals.series += item.record.entries.length;
    } else if (item.record.kind === 'events') {
      totals.eventRecords++;
      totals.events += item.record.events.ids.length;
      totals.eventBytes += item.length;
      addPlaces(totals, item.record.events);
    } else {
      const { ids } = item.record.batch;
      totals.pointsRecords++;
      totals.points += ids.length;
      totals.pointsBytes += item.length;
      addPlaces(totals, item.record.batch);
    }
  }
  yield* totalLines(totals);
}

/** Of points or of events. */
function addPlaces(
  totals: Totals,
  { ids, timestampsMs }: Pick<PointBatch, 'ids' | 'timestampsMs'>,
): void {
  for (const timestampMs of timestampsMs) {
    if (timestampMs < totals.minTimestampMs) totals.minTimestampMs = timestampMs;
    if (timestampMs > totals.maxTimestampMs) totals.maxTimestampMs = timestampMs;
  }
  for (const id of ids) {
    if (id < totals.firstSeries) totals.firstSeries = id;
    if (id > totals.lastSeries) totals.lastSeries = id;
  }
}

async function* totalLines(totals: Totals): InspectLines {
  const { seriesRecords, series, pointsRecords, points, pointsBytes } = totals;
  yield fact(
    `series: ${count(seriesRecords, 'record')} with ${count(series, 'new series', 'new series')}`,
  );
  yield fact(
    `points: ${count(pointsRecords, 'record')} with ${count(points, 'point')}, ` +
      bytesPerPoint(pointsBytes, points),
  );
  if (totals.events > 0) {
    yield fact(
      `events: ${count(totals.eventRecords, 'record')} with ${count(totals.events, 'event')}, ` +
        bytes(totals.eventBytes),
    );
  }
  if (points === 0 && totals.events === 0) return;
  yield fact(`time: ${span(time(totals.minTimestampMs), time(totals.maxTimestampMs))}`);
  yield fact(`series ids: ${span(totals.firstSeries, totals.lastSeries)}`);
}
