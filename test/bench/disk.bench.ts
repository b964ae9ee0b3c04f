// Bytes a point takes on disk, the mix and each of its kinds alone, next to a plain Gorilla
// encoding of the same columns.

import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeEnv, openStorage } from '../../storage/index.ts';
import { METRIC_KINDS, type MetricKind, metricValues } from '../support/metric-mix.ts';
import { tempDir } from '../support/temp-dir.ts';
import { labelsOf } from './load/batches.ts';
import { STEP_MS } from './load/job.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { gorillaBytes } from './support/gorilla.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';

const SERIES = numberOption('series', 4_000);
const HOURS = numberOption('hours', 6);
const WINDOW_MS = 7_200_000;
const ROUNDS_PER_WINDOW = WINDOW_MS / STEP_MS;
const ROUNDS = (HOURS * 3_600_000) / STEP_MS;
const START_MS = Date.UTC(2026, 0, 1);
const KINDS = [...new Set(METRIC_KINDS)];

interface Sizes {
  readonly name: string;
  readonly series: number;
  readonly points: number;
  readonly tableBytes: number;
  readonly indexBytes: number;
  readonly gorillaBytes: number;
}

endAfter(600);
const mix = await sizesOf('the mix', METRIC_KINDS);
const alone: Sizes[] = [];
for (const kind of KINDS) alone.push(await sizesOf(`${kind}, alone`, METRIC_KINDS, kind));
const all = [mix, ...alone];

writeReport({
  name: 'disk',
  title: 'Bytes a point takes on disk',
  headline: [
    `${perPoint(mix, mix.tableBytes).toFixed(2)} bytes a point on the mix (plain Gorilla:`,
    `${perPoint(mix, mix.gorillaBytes).toFixed(2)}), and`,
    `${figure(Math.round(mix.indexBytes / mix.series))} bytes a series in the tag index.`,
  ].join(' '),
  about: [
    `${figure(mix.series)} series, a point every 10 s, ${figure(HOURS)} h of them: ten metrics a`,
    'host, of which four are gauges rounded to two decimals, two full doubles, three integer',
    'counters with resets and one nearly constant. Written through `openStorage` in the order of',
    'time with the default options, then flushed. Sizes are those of the files: the tables with',
    'blocks, block index, bloom filter and footer, and the tag index; the WAL is not counted.',
    'Plain Gorilla is the encoding of the paper (delta of delta, XOR) with a block for each series',
    'and window of 2 h, and without anything that would find the blocks again.',
  ].join(' '),
  columns: [
    'data',
    'series',
    'points',
    'B / point',
    'plain Gorilla B / point',
    'tag index B / series',
  ],
  rows: all.map((sizes) => [
    sizes.name,
    sizes.series,
    sizes.points,
    perPoint(sizes, sizes.tableBytes),
    perPoint(sizes, sizes.gorillaBytes),
    Math.round(sizes.indexBytes / sizes.series),
  ]),
  plot: {
    kind: 'bars',
    title: 'On disk; plain Gorilla in grey',
    unit: 'bytes a point',
    bars: all.flatMap((sizes) => [
      { label: sizes.name, value: perPoint(sizes, sizes.tableBytes) },
      { label: '', value: perPoint(sizes, sizes.gorillaBytes), isReference: true },
    ]),
  },
});

/** Of the series of the fleet whose kind is `only`, or of all. */
async function sizesOf(
  name: string,
  mixOfKinds: readonly MetricKind[],
  only?: MetricKind,
): Promise<Sizes> {
  const numbers = Array.from({ length: SERIES }, (_, k) => k).filter(
    (k) => only === undefined || mixOfKinds[k % mixOfKinds.length] === only,
  );
  const columns = numbers.map((k) => metricValues(mixOfKinds[k % mixOfKinds.length]!, ROUNDS, k));
  const dir = await tempDir();
  const storage = await openStorage(dir, createNodeEnv(), {});
  const ids = await storage.resolve(
    numbers.map((k) => labelsOf({ first: k, count: 1, service: 'telemetry' }, 0)),
  );
  for (let round = 0; round < ROUNDS; round++) {
    const timestampsMs = new Float64Array(numbers.length).fill(START_MS + round * STEP_MS);
    const values = Float64Array.from(columns, (column) => column[round]!);
    await storage.append({ ids, timestampsMs, values });
  }
  await storage.flush();
  const sizes = {
    name,
    series: numbers.length,
    points: numbers.length * ROUNDS,
    tableBytes: bytesBelow(join(dir, 'windows')),
    indexBytes: bytesBelow(join(dir, 'tag-index')),
    gorillaBytes: columns.reduce((sum, column) => sum + gorillaOf(column), 0),
  };
  await storage.close();
  rmSync(dir, { recursive: true });
  return sizes;
}

/** In blocks of a window. */
function gorillaOf(values: Float64Array): number {
  let bytes = 0;
  for (let start = 0; start < values.length; start += ROUNDS_PER_WINDOW) {
    const window = values.subarray(start, start + ROUNDS_PER_WINDOW);
    const timestampsMs = Float64Array.from(window, (_, i) => START_MS + (start + i) * STEP_MS);
    bytes += gorillaBytes(timestampsMs, window);
  }
  return bytes;
}

function bytesBelow(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function perPoint({ points }: Sizes, bytes: number): number {
  return bytes / points;
}
