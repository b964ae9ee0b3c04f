// What the tag index costs: bytes per series in memory and on disk, CPU time per lookup.

import type { Labels } from '../../storage/series/labels.ts';
import { createLabelsKeys } from '../../storage/series/labels-key.ts';
import type { Matcher, MatchType } from '../../storage/series/matcher.ts';
import { SeriesRegistry } from '../../storage/series/registry.ts';
import { falsePositiveRateOf } from '../../storage/sstable/bloom.ts';
import { DEFAULT_LEVEL_LIMITS, INDEX_TABLE_BYTES } from '../../storage/tag-index/picker.ts';
import { labelsOf, labelValues } from '../../storage/tag-index/reader.ts';
import { select } from '../../storage/tag-index/select.ts';
import { createIndexLab } from '../support/index-lab.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { type Row, writeReport } from './support/report.ts';

const count = numberOption('series', 100_000);
const FLUSHES = 10;
const CACHE_BYTES = 64 * 2 ** 20;
const BLOOM_BITS_PER_KEY = 10;

function labelsOfSeries(i: number): Labels {
  const pod = Math.floor(i / 50);
  const labels = {
    __name__: `http_requests_${i % 10}_total`,
    cluster: `eu-west-${pod % 3}`,
    code: `${200 + (i % 5)}`,
    handler: `/api/v1/handler-${Math.floor(i / 10) % 5}`,
    instance: `10.0.${(pod >> 8) & 255}.${pod & 255}:9100`,
    job: 'api-server',
    method: 'GET',
    namespace: `team-${pod % 40}`,
    pod: podOf(pod),
    region: 'eu',
  };
  return Object.entries(labels).map(([name, value]) => ({ name, value }));
}

function podOf(pod: number): string {
  return `api-server-7d9f8b6c5-${pod.toString(36).padStart(5, '0')}`;
}

const rows: Row[] = [];

function report(what: string, amount: number, unit: string): void {
  rows.push([what, amount, unit]);
}

/** CPU time of one of `times`, which `task` does at once; a busy machine disturbs it least. */
async function timed(what: string, times: number, task: () => unknown): Promise<void> {
  const start = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(start);
  const nanoseconds = ((user + system) * 1000) / times;
  if (nanoseconds < 1e6) report(what, nanoseconds, 'ns');
  else report(what, nanoseconds / 1e6, 'ms');
}

const keys = createLabelsKeys();
const registry = new SeriesRegistry();
const series = Array.from({ length: count }, (_, i) => labelsOfSeries(i));
await timed('registry: add one', count, () => {
  for (const [i, labels] of series.entries()) registry.add(keys(labels), i + 1, 0);
});
await timed('registry: find one', count, () => {
  for (const labels of series) registry.find(keys(labels));
});
await timed('registry: labels of one', count, () => {
  for (let id = 1; id <= count; id++) registry.labelsOf(id);
});
report('registry: memory per series', registry.memoryBytes / count, 'B');

const lab = createIndexLab(CACHE_BYTES, BLOOM_BITS_PER_KEY);
await timed('memory: add one', count / FLUSHES, () => {
  for (const labels of series.slice(0, count / FLUSHES)) lab.add(labels);
});
report('memory: bytes per series', (lab.view().memory.memoryBytes / count) * FLUSHES, 'B');
let written = 0;
await timed('flushes and compactions: per series', count, async () => {
  for (let flush = 0; flush < FLUSHES; flush++) {
    const from = (flush * count) / FLUSHES;
    if (flush > 0) for (const labels of series.slice(from, from + count / FLUSHES)) lab.add(labels);
    lab.seal();
    await lab.flush();
    for (;;) {
      const before = new Set(lab.tables.keys());
      written += [...lab.tables.values()].at(-1)!.bytes.length;
      if (!(await lab.compact(DEFAULT_LEVEL_LIMITS, INDEX_TABLE_BYTES))) break;
      for (const [number, { bytes }] of lab.tables)
        if (!before.has(number)) written += bytes.length;
    }
  }
});
const bytes = [...lab.tables.values()].reduce((sum, table) => sum + table.bytes.length, 0);
const levels = lab
  .view()
  .levels.map((tables) => tables.length)
  .join(', ');
const pinned = [...lab.tables.values()].reduce((sum, { table }) => sum + table.memoryBytes, 0);
report('disk: bytes per series', bytes / count, 'B');
report('disk: written per byte kept', written / bytes, 'x');
report('tables: pinned memory per series', pinned / count, 'B');

const absent = series.slice(0, 20_000).map((labels) => labels.slice(1));
const readsBefore = lab.reads;
await timed('find a series that is new', absent.length, async () => {
  for (const labels of absent) await lab.find(labels);
});
report('reads per series that is new', (lab.reads - readsBefore) / absent.length, '');
report('the same, for one table, by the formula', falsePositiveRateOf(BLOOM_BITS_PER_KEY), '');
await timed('find a series in the tables, cold', 20_000, async () => {
  for (let i = 0; i < 20_000; i++) await lab.find(series[(i * 7919) % count]!);
});
await timed('find a series in the tables, warm', 20_000, async () => {
  for (let i = 0; i < 20_000; i++) await lab.find(series[(i * 7919) % count]!);
});
const view = lab.view();
const ids = Uint32Array.from(series.keys(), (i) => i + 1);
const questions: [what: string, task: () => unknown][] = [
  ['select {job="api-server"}', () => select(view, [[matcher('job', '=', 'api-server')]])],
  ['select {pod="..."}', () => select(view, [[matcher('pod', '=', podOf(7))]])],
  ['select {instance=~".*7:9100"}', () => select(view, [[matcher('instance', '=~', '.*7:9100')]])],
  ['select {}', () => select(view, [[]])],
  ['values of pod', () => labelValues(view, 'pod')],
];
for (const [what, task] of questions) {
  await task();
  await timed(`${what}, warm`, 5, async () => {
    for (let i = 0; i < 5; i++) await task();
  });
}
await timed('labels of every series: each', count, () => labelsOf(view, ids));

writeReport({
  name: 'tag-index',
  title: 'The tag index',
  headline: [
    `A series of ten labels takes ${figure(bytes / count)} bytes on disk and`,
    `${figure(pinned / count)} bytes of pinned memory.`,
  ].join(' '),
  about: [
    `${figure(count)} series with the labels of a scraped service: ten each, 190 bytes of text.`,
    `They come in ${FLUSHES} portions, each flushed and compacted as a server does it, and end in`,
    `levels of ${levels} tables. Times are CPU times of one thread; *warm* is with its blocks in`,
    'the cache.',
  ].join(' '),
  columns: ['what', 'figure', 'unit'],
  rows,
});

function matcher(name: string, type: MatchType, value: string): Matcher {
  return { name, type, value };
}
