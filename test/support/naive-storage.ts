// The simplest thing that behaves as Storage says: maps in memory. Tests of other rooms stand on
// it where the engine does not matter, and the engine itself is compared with it.

import {
  type Labels,
  type Matcher,
  type PointBatch,
  type PolicySet,
  type ScanRequest,
  type SeriesPoints,
  type Storage,
  sliceOfColumns,
  type TimeRange,
  type WindowInfo,
} from '../../storage/index.ts';
import { encodeLabels } from '../../storage/series/labels-codec.ts';
import { compileMatcher } from '../../storage/series/matcher.ts';
import { createNaiveEvents } from './naive-events.ts';

interface NaiveSeries {
  readonly id: number;
  readonly labels: Labels;
  policy: number;
  /** timestamp -> value's bits, so that every NaN stays itself. */
  readonly points: Map<number, bigint>;
  /** Whether a delete has left no point of it. */
  isDeleted: boolean;
}

const ONE_POLICY: PolicySet = {
  policies: [{ name: 'default', keepMs: 30 * 86_400_000, windowMs: 7_200_000 }],
  policyOf: () => 0,
};

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/** 1, as bits. */
const ONE_BITS = 0x3ff0000000000000n;

export interface NaiveStorage extends Storage {
  /** Every point as [timestamp, value bits], sorted, by the labels' JSON. */
  contents(): Map<string, [number, bigint][]>;
}

export function createNaiveStorage(policySet: PolicySet = ONE_POLICY): NaiveStorage {
  const byKey = new Map<string, NaiveSeries>();
  const byBytes = new Map<string, number>();
  const byId: NaiveSeries[] = [];
  const bits = new BigUint64Array(1);
  const double = new Float64Array(bits.buffer);
  const events = createNaiveEvents();
  let policies = policySet;
  let pointsAppended = 0;
  let batchesAppended = 0;
  let deletes = 0;

  function matching(selectors: ScanRequest['selectors'], range?: TimeRange): NaiveSeries[] {
    const tests = selectors.map(satisfying);
    return byId.filter(
      (series) =>
        tests.some((isSatisfied) => isSatisfied(series.labels)) &&
        (range === undefined
          ? !series.isDeleted
          : timesOf(series).some((t) => t >= range.startMs && t < range.endMs)),
    );
  }

  function matchingIds(selectors: ScanRequest['selectors']): ReadonlySet<number> {
    return new Set(matching(selectors).map(({ id }) => id));
  }

  /** Of all its points and events. */
  function timesOf({ id, points }: NaiveSeries): number[] {
    const ofEvents = events.all().filter((event) => event.id === id);
    return [...points.keys(), ...ofEvents.map(({ timestampMs }) => timestampMs)];
  }

  function windowOf(series: NaiveSeries, timestampMs: number): WindowInfo {
    const policy = policies.policies[series.policy]!;
    const startMs = Math.floor(timestampMs / policy.windowMs) * policy.windowMs;
    const endMs = startMs + policy.windowMs;
    const key = `${policy.name}/${startMs}`;
    return { key, policy, startMs, endMs, tables: 1, points: 0, series: 0, sizeBytes: 0 };
  }

  const storage: NaiveStorage = {
    resolve(labelSets, admit) {
      return Uint32Array.from(labelSets, (labels, position) => {
        const key = JSON.stringify(labels);
        const known = byKey.get(key);
        if (known !== undefined) return known.id;
        if (admit !== undefined && !admit(position)) return 0;
        const policy = policies.policyOf(labels);
        const id = byId.length + 1;
        const series = { id, labels, policy, points: new Map(), isDeleted: false };
        byKey.set(key, series);
        byBytes.set(latin1(encodeLabels(labels)), id);
        byId.push(series);
        return series.id;
      });
    },
    renew: () => true,
    findInUse: (bytes, length) => byBytes.get(latin1(bytes.subarray(0, length))) ?? 0,
    holdSeries: () => () => undefined,
    load: () => undefined,
    policyOf: (id) => byId[id - 1]!.policy,
    labelsOf: (id) => byId[id - 1]?.labels,
    get policies() {
      return policies.policies;
    },
    get seriesCount() {
      return byId.length;
    },
    async append(batch: PointBatch) {
      for (let i = 0; i < batch.ids.length; i++) {
        double[0] = batch.values[i]!;
        const series = byId[batch.ids[i]! - 1]!;
        series.points.set(batch.timestampsMs[i]!, bits[0]!);
        series.isDeleted = false;
      }
      pointsAppended += batch.ids.length;
      batchesAppended++;
    },
    async appendEvents(batch) {
      events.append(batch, (id) => byId[id - 1]!.labels);
      for (const id of batch.ids) byId[id - 1]!.isDeleted = false;
      pointsAppended += batch.ids.length;
      batchesAppended++;
    },
    async *scanEvents(request) {
      const found = events.scan(matchingIds(request.selectors), request);
      if (found.length > 0) yield found;
    },
    async findEvents(search) {
      return events.find(matchingIds(search.selectors), search);
    },
    async *scan(request) {
      const allEvents = request.withoutEvents === true ? [] : events.all();
      for (const series of matching(request.selectors)) {
        request.signal?.throwIfAborted();
        const ofEvents = allEvents
          .filter(({ id }) => id === series.id)
          .map(({ timestampMs }): [number, bigint] => [timestampMs, ONE_BITS]);
        const points = [...series.points, ...ofEvents]
          .filter(([t]) => t >= request.startMs && t < request.endMs)
          .sort(([a], [b]) => a - b);
        if (points.length === 0) continue;
        const isEvents = points.some((point) => ofEvents.includes(point));
        const values = new BigUint64Array(points.map(([, value]) => value));
        const found: SeriesPoints = {
          id: series.id,
          labels: series.labels,
          timestampsMs: Float64Array.from(points, ([t]) => t),
          values: new Float64Array(values.buffer),
          ...(isEvents && { isEvents }),
        };
        yield [found];
      }
    },
    // Through `this`, so that a test that replaces the one has replaced the other.
    async *scanSlices(request) {
      for await (const batch of this.scan(request)) yield sliceOfColumns(batch);
    },
    async series(selectors, range) {
      return matching(selectors, range).map((series) => series.labels);
    },
    async labelNames(selectors = [[]], range) {
      const all = matching(selectors, range).flatMap(({ labels }) => labels.map((l) => l.name));
      return [...new Set(all)].sort();
    },
    async labelValues(name, selectors = [[]], range) {
      const all = matching(selectors, range).flatMap(({ labels }) =>
        labels.filter((l) => l.name === name).map((l) => l.value),
      );
      return [...new Set(all)].sort();
    },
    async cardinality(top) {
      const most = (names: readonly string[]) => {
        const counts = new Map<string, number>();
        for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
        const list = Array.from(counts, ([name, count]) => ({ name, count }));
        return list.sort((a, b) => b.count - a.count).slice(0, top);
      };
      const all = byId.flatMap(({ labels }) => labels);
      const pairs = new Map(all.map(({ name, value }) => [`${name}=${value}`, { name, value }]));
      const distinct = [...pairs.values()];
      return {
        labelPairs: pairs.size,
        seriesByMetric: most(all.filter((l) => l.name === '__name__').map((l) => l.value)),
        valuesByLabel: most(distinct.map((l) => l.name)),
        charactersByLabel: most(distinct.flatMap((l) => Array(l.value.length).fill(l.name))),
        seriesByPair: most(all.map((l) => `${l.name}=${l.value}`)),
      };
    },
    async census(matchers, sampleMax) {
      const test = satisfying(matchers);
      const found = byId.filter(({ labels }) => test(labels));
      return { count: found.length, sample: found.slice(0, sampleMax).map((one) => one.labels) };
    },
    windows() {
      const windows = new Map<string, { info: WindowInfo; points: number; ids: Set<number> }>();
      for (const series of byId) {
        for (const t of timesOf(series)) {
          const info = windowOf(series, t);
          const window = windows.get(info.key) ?? { info, points: 0, ids: new Set() };
          windows.set(info.key, window);
          window.points++;
          window.ids.add(series.id);
        }
      }
      return [...windows.values()].map(({ info, points, ids }) => ({
        ...info,
        points,
        series: ids.size,
        sizeBytes: points * 16,
      }));
    },
    async dropWindows(keys) {
      const dropped = storage.windows().filter(({ key }) => keys.includes(key));
      for (const series of byId) {
        for (const t of [...series.points.keys()]) {
          if (keys.includes(windowOf(series, t).key)) series.points.delete(t);
        }
        events.drop(
          ({ id, timestampMs }) =>
            id === series.id && keys.includes(windowOf(series, timestampMs).key),
        );
      }
      return dropped;
    },
    async deletePoints(selectors, range) {
      const touched = matching(selectors, range);
      for (const series of touched) {
        for (const t of [...series.points.keys()]) {
          if (t >= range.startMs && t < range.endMs) series.points.delete(t);
        }
        events.drop(
          ({ id, timestampMs: t }) => id === series.id && t >= range.startMs && t < range.endMs,
        );
        series.isDeleted = timesOf(series).length === 0;
      }
      if (touched.length > 0) deletes++;
    },
    async cleanTombstones() {},
    rollUp: async () => ({ windows: 0, steps: 0, due: 0 }),
    async setPolicies(next) {
      policies = next;
      for (const series of byId) series.policy = next.policyOf(series.labels);
    },
    async flush() {},
    async compact() {},
    compactDue: async () => ({ merges: 0, bytesWritten: 0 }),
    snapshot: async (dir) => ({ dir, files: 0, sizeBytes: 0, lost: [] }),
    stats: () => ({
      series: byId.length,
      pointsAppended,
      events: { appended: events.all().length, stored: 0, tableBytes: 0 },
      batchesAppended,
      memtable: { points: pointsAppended, bytes: pointsAppended * 16, sealed: 0 },
      wal: { segments: 0, bytes: 0, bytesWritten: 0, syncs: 0 },
      flushes: 0,
      flushBytesWritten: 0,
      compactions: 0,
      compactionBytesRead: 0,
      compactionBytesWritten: 0,
      compactionDebt: 0,
      mergedTableBytes: 0,
      writeStallMs: 0,
      scans: 0,
      scanTables: 0,
      blocksUsed: 0,
      windowsDropped: 0,
      seriesForgotten: 0,
      seriesCacheBytes: 0,
      deletes,
      tombstones: 0,
      windows: storage.windows().length,
      tables: 0,
      tableBytes: 0,
      tablePoints: 0,
      index: { levels: [], compactions: 0, bytesWritten: 0 },
      blockCache: { bytes: 0, bytesMax: 0, hits: 0, misses: 0 },
      scrub: { everyMs: Infinity, bytes: 0, damages: 0 },
      pinned: { bytes: 0, bytesMax: 0 },
      handles: { open: 0, max: 0, exhausted: 0 },
      blocksRead: 0,
      quarantined: 0,
      readOnly: false,
      refusals: { diskFull: 0, diskFailing: 0, flushBehind: 0, troubles: 0 },
    }),
    async close() {},
    async [Symbol.asyncDispose]() {},
    contents() {
      return new Map(
        [...byKey].map(([key, series]) => [key, [...series.points].sort(([a], [b]) => a - b)]),
      );
    },
  };
  return storage;
}

/** Tells whether a series with certain labels satisfies all the matchers. */
export function satisfying(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const compiled = matchers.map(compileMatcher);
  return (labels) =>
    compiled.every(({ name, matches }) =>
      matches(labels.find((label) => label.name === name)?.value ?? ''),
    );
}
