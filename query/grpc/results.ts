// Results of queries as series on the wire.

import type { QueryResult } from '../engine.ts';
import { QueryError } from '../errors.ts';
import { type Grid, type Series, stepTimeMs } from '../eval/value.ts';
import { encodeQueryResponse, type WireSeries } from './encode.ts';

/** A scalar is a series without labels; a string is not a result that this protocol has. */
export function* wireSeries({ value, grid }: QueryResult): Generator<WireSeries> {
  switch (value.kind) {
    case 'scalar': {
      const present = new Uint8Array(grid.steps).fill(1);
      yield column({ labels: [], values: value.values, present, dropName: false }, grid);
      return;
    }
    case 'vector':
      for (const series of value.series) yield column(series, grid);
      return;
    case 'matrix':
      yield* value.series;
      return;
    case 'string':
      throw new QueryError('bad_data', 'a string is no result over gRPC: ask over HTTP');
  }
}

function column({ labels, values, present }: Series, grid: Grid): WireSeries {
  const times = new Float64Array(grid.steps);
  const kept = new Float64Array(grid.steps);
  let count = 0;
  for (let step = 0; step < grid.steps; step++) {
    if (present[step] === 0) continue;
    times[count] = stepTimeMs(grid, step);
    kept[count++] = values[step]!;
  }
  return { labels, timestampsMs: times.subarray(0, count), values: kept.subarray(0, count) };
}

/** Points after which a message is sent: whole series, so one may have more. */
const MESSAGE_POINTS = 10_000;

/** At least one QueryResponse, encoded; the warnings are in the last. */
export function* queryResponses(result: QueryResult): Generator<Uint8Array> {
  let pending: WireSeries[] = [];
  let points = 0;
  for (const series of wireSeries(result)) {
    pending.push(series);
    points += series.values.length;
    if (points < MESSAGE_POINTS) continue;
    yield encodeQueryResponse(pending, []);
    pending = [];
    points = 0;
  }
  yield encodeQueryResponse(pending, result.warnings);
}
