// What the ingest room itself costs, on one thread and without a socket: ns a point for columns,
// us a series for self-contained ones that are known and that are new.

import { performance } from 'node:perf_hooks';
import { createAdmission } from '../../ingest/admission.ts';
import { type BatchWriter, createBatchWriter } from '../../ingest/batch-writer.ts';
import { createDictionary } from '../../ingest/dictionary.ts';
import { DEFAULT_LIMITS } from '../../ingest/limits.ts';
import { createSeriesCache } from '../../ingest/series-cache.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import { columnsBatch, definitionsMessage, seriesMessage } from './load/batches.ts';

const GRPC_HEADER_BYTES = 5;
const SERIES = 4000;
const NOW_MS = Date.now();
const noReserve = () => {};

const columns = columnsBatch(SERIES, 4, 0);
columns.setTime(NOW_MS);
const definitions = definitionsMessage(SERIES).subarray(GRPC_HEADER_BYTES);
const series = seriesMessage(SERIES, NOW_MS, 0).subarray(GRPC_HEADER_BYTES);
const dictionary = createDictionary(DEFAULT_LIMITS.refs);
const batch = columns.bytes.subarray(GRPC_HEADER_BYTES);

const warm = createWriter();
await warm.submit(definitions, dictionary, noReserve);
await warm.submit(series, createDictionary(SERIES), noReserve);
const columnsMs = await timed(500, () => warm.submit(batch, dictionary, noReserve));
const knownMs = await timed(100, () => warm.submit(series, createDictionary(SERIES), noReserve));
const newMs = await timed(20, () =>
  createWriter().submit(series, createDictionary(SERIES), noReserve),
);
const figures = [
  `columns ${((columnsMs * 1e6) / columns.points).toFixed(1)} ns/point`,
  `known series ${((knownMs * 1e3) / SERIES).toFixed(2)} us`,
  `new series ${((newMs * 1e3) / SERIES).toFixed(2)} us`,
];
console.log(`ingest room: ${figures.join(', ')}`);

/** On a storage that keeps series but no points. */
function createWriter(): BatchWriter {
  return createBatchWriter({
    storage: { ...createNaiveStorage(), append: async () => {} },
    clock: { nowMs: () => NOW_MS, monotonicMs: () => performance.now() },
    admission: createAdmission(() => performance.now()),
    cache: createSeriesCache(64 * 1024 * 1024),
    limits: () => DEFAULT_LIMITS,
  });
}

/** The mean of `times` runs in ms, after a tenth as many to warm up. */
async function timed(times: number, run: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < times / 10; i++) await run();
  const startMs = performance.now();
  for (let i = 0; i < times; i++) await run();
  return (performance.now() - startMs) / times;
}
