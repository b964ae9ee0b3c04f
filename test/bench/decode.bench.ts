// What the ingest room itself costs, on one thread and without a socket, for columns and for
// self-contained series that are known or new.

import { createAdmission } from '../../ingest/admission.ts';
import { type BatchWriter, createBatchWriter } from '../../ingest/batch-writer.ts';
import { createDictionary } from '../../ingest/dictionary.ts';
import { createEventWriter } from '../../ingest/event-writer.ts';
import { DEFAULT_LIMITS } from '../../ingest/limits.ts';
import { createPointPool } from '../../ingest/point-pool.ts';
import { createPointWriter } from '../../ingest/point-writer.ts';
import { ANYBODY } from '../../ingest/sender.ts';
import type { PolicySet, Storage } from '../../storage/index.ts';
import { createLabelsKeys, keyIn } from '../../storage/series/labels-key.ts';
import { SeriesRegistry } from '../../storage/series/registry.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import { columnsSource, definitionsMessage, seriesSource } from './load/batches.ts';
import { figure } from './support/figure.ts';
import { writeReport } from './support/report.ts';

const GRPC_HEADER_BYTES = 5;
const ROUNDS = 4;
const SERIES = { first: 0, count: 4_000, service: 'telemetry' };
const NOW_MS = Date.now();
const DAY_MS = 86_400_000;
/** As in the default config: points older than a day have to be looked at one by one. */
const POLICIES: PolicySet = {
  policies: [
    { name: 'debug', keepMs: DAY_MS, windowMs: 3_600_000 },
    { name: 'default', keepMs: 30 * DAY_MS, windowMs: 7_200_000 },
  ],
  policyOf: () => 1,
};
const noReserve = () => {};

const columns = columnsSource(SERIES, ROUNDS, ROUNDS);
const columnsMessage = columns.next(NOW_MS).subarray(GRPC_HEADER_BYTES);
const seriesMessage = seriesSource(SERIES, 1).next(NOW_MS).subarray(GRPC_HEADER_BYTES);
const definitions = definitionsMessage(SERIES).subarray(GRPC_HEADER_BYTES);
const dictionary = createDictionary(DEFAULT_LIMITS.refs);

const warm = createWriter();
await warm.submit(definitions, ANYBODY, dictionary, noReserve);
await warm.submit(seriesMessage, ANYBODY, createDictionary(SERIES.count), noReserve);
const columnsMs = await timed(500, () =>
  warm.submit(columnsMessage, ANYBODY, dictionary, noReserve),
);
const knownMs = await timed(100, () =>
  warm.submit(seriesMessage, ANYBODY, createDictionary(SERIES.count), noReserve),
);
columns.next(NOW_MS - 2 * DAY_MS);
const oldMs = await timed(500, () => warm.submit(columnsMessage, ANYBODY, dictionary, noReserve));
const newMs = await timed(20, () =>
  createWriter().submit(seriesMessage, ANYBODY, createDictionary(SERIES.count), noReserve),
);
const perPointNs = (ms: number) => (ms * 1e6) / columns.pointsPerBatch;
const perSeriesNs = (ms: number) => (ms * 1e6) / SERIES.count;

writeReport({
  name: 'decode',
  title: 'What the ingest room costs',
  headline: [
    `A point in columns takes ${figure(perPointNs(columnsMs))} ns, a self-contained series`,
    `that is known ${figure(perSeriesNs(knownMs))} ns.`,
  ].join(' '),
  about: [
    'From the bytes of a message to the batch that storage is given: decoding, validation, and the',
    `ids of series. On one thread, without sockets; ${figure(SERIES.count)} series, ${ROUNDS}`,
    'points of each in columns and one of each in self-contained series of four labels.',
  ].join(' '),
  columns: ['what', 'ns each'],
  rows: [
    ['a point in columns', perPointNs(columnsMs)],
    ['a point in columns, older than the shortest keep', perPointNs(oldMs)],
    ['a self-contained series of one point, known', perSeriesNs(knownMs)],
    ['a self-contained series of one point, new', perSeriesNs(newMs)],
  ],
});

/** On a storage that keeps series but no points. */
function createWriter(): BatchWriter {
  const naive = createNaiveStorage(POLICIES);
  const registry = new SeriesRegistry();
  const keyOf = createLabelsKeys();
  const storage: Storage = {
    ...naive,
    async resolve(labelSets, admit) {
      const ids = await naive.resolve(labelSets, admit);
      for (const [i, labels] of labelSets.entries()) {
        const key = keyOf(labels);
        if (registry.find(key) === 0) registry.add(key, ids[i]!, 0);
      }
      return ids;
    },
    findInUse: (bytes, length) => registry.find(keyIn(bytes, length)),
    append: async () => {},
  };
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => performance.now() };
  return createBatchWriter({
    storage,
    points: createPointWriter(storage, clock, createPointPool(32 * 1024 * 1024)),
    events: createEventWriter(storage, clock),
    admission: createAdmission(() => performance.now()),
    quotas: { guards: () => [] },
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
