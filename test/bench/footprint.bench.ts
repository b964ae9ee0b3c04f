// Bytes a point takes once everything is merged, next to VictoriaMetrics on the same points in the
// same run: the mix of a fleet of servers, and devices whose clocks do not agree.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createNodeEnv, openStorage, type Storage } from '../../storage/index.ts';
import { METRIC_KINDS, type MetricKind, metricTimes, metricValues } from '../support/metric-mix.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startVictoriaMetrics, type VictoriaMetrics } from '../support/victoria-metrics.ts';
import { toLabels } from '../support/write-requests.ts';
import { endAfter } from './support/bounded.ts';
import { bytesBelow } from './support/disk-usage.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';

const HOURS = numberOption('hours', 2);
const DEVICE_SERIES = numberOption('devices', 100_000);
const MIX_SERIES = 4_000;
const START_MS = Date.UTC(2026, 0, 1);
const SERIES_PER_REQUEST = 1000;
const MINUTE_MS = 60_000;

interface SeriesData {
  readonly labels: Readonly<Record<string, string>>;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

interface Workload {
  readonly name: string;
  readonly series: number;
  /** Series `k`, made when it is asked for. */
  seriesAt(k: number): SeriesData;
}

/** Of one server, bytes a point. */
interface Footprint {
  /** The files of points, and those of the index. */
  readonly points: number;
  readonly index: number;
}

interface Outcome {
  readonly workload: Workload;
  readonly varve: Footprint;
  readonly victoria: Footprint | undefined;
}

const WORKLOADS: readonly Workload[] = [
  fleet('the mix, 10 s', METRIC_KINDS),
  fleet(
    'the mix but for its full doubles, 10 s',
    METRIC_KINDS.filter((kind) => kind !== 'full double'),
  ),
  devices('devices, 1 min, jitter 20 ms', 20, 2),
  devices('devices, 1 min, jitter 1 s, a clock for each series', 1000, 1),
];

function fleet(name: string, kinds: readonly MetricKind[]): Workload {
  const count = (HOURS * 3_600_000) / 10_000;
  return {
    name,
    series: MIX_SERIES,
    seriesAt: (k) => ({
      labels: {
        __name__: `device_metric_${k % kinds.length}`,
        host: `host-${Math.floor(k / kinds.length)}`,
        region: `eu-${k % 4}`,
      },
      timestampsMs: metricTimes(START_MS, 10_000, 0, count, 0),
      values: metricValues(kinds[k % kinds.length]!, count, k),
    }),
  };
}

/** `perClock`: the series that a device sends together, and that share its timestamps. */
function devices(name: string, jitterMs: number, perClock: 1 | 2): Workload {
  const count = (HOURS * 3_600_000) / MINUTE_MS;
  return {
    name,
    series: DEVICE_SERIES,
    seriesAt(k) {
      const kind = k % 2 === 0 ? 'temperature' : 'battery';
      const clock = Math.floor(k / perClock);
      return {
        labels: { __name__: `device_${kind}`, device: `dev-${k >> 1}`, site: `site-${k % 97}` },
        timestampsMs: metricTimes(START_MS, MINUTE_MS, jitterMs, count, clock),
        values: metricValues(kind, count, k),
      };
    },
  };
}

endAfter(1800);
const outcomes: Outcome[] = [];
for (const workload of WORKLOADS) outcomes.push(await compare(workload));

writeReport({
  name: 'footprint',
  title: 'Bytes a point, next to VictoriaMetrics',
  headline: [
    'Of what VictoriaMetrics takes, index included, varve takes',
    `${outcomes.map((one) => `${figure(ratioOf(one))} (${one.workload.name})`).join('; ')}.`,
  ].join(' '),
  about: [
    `${HOURS} h of ${figure(MIX_SERIES)} series of the mix with a point every 10 s, and of`,
    `${figure(DEVICE_SERIES)} series of devices with a point a minute, each late by up to the`,
    'jitter: temperatures of one decimal and batteries that fall',
    'slowly. The two series of a device',
    'share its clock unless said otherwise. The same points in the same run through `openStorage`',
    "with the default options and through the import of Debian's",
    'VictoriaMetrics 1.79, both flushed',
    'and fully merged; logs and caches are not counted.',
  ].join(' '),
  columns: [
    'data',
    'varve B / point',
    'with index',
    'VictoriaMetrics B / point',
    'with index',
    'varve / VictoriaMetrics',
    'with index',
  ],
  rows: outcomes.map((outcome) => [
    outcome.workload.name,
    outcome.varve.points,
    totalOf(outcome.varve),
    outcome.victoria?.points ?? Number.NaN,
    totalOf(outcome.victoria),
    outcome.varve.points / (outcome.victoria?.points ?? Number.NaN),
    ratioOf(outcome),
  ]),
  notes: [
    [
      'VictoriaMetrics keeps some 12 digits of a double, varve every bit. The full doubles of the',
      'mix are walks whose steps alone have about 46 bits of noise, 5.8 B a point: with those, no',
      'layout that loses nothing takes less than about 1.8 B a point of the mix.',
    ].join(' '),
    'The layouts of doubles that were tried are in [doubles](doubles.md), by kind of metric.',
  ],
  plot: {
    kind: 'bars',
    title: 'With index; VictoriaMetrics in grey',
    unit: 'bytes a point',
    bars: outcomes.flatMap(({ workload, varve, victoria }) => [
      { label: workload.name, value: totalOf(varve) },
      { label: '', value: totalOf(victoria), isReference: true },
    ]),
  },
});
process.exit();

function ratioOf({ varve, victoria }: Outcome): number {
  return totalOf(varve) / totalOf(victoria);
}

function totalOf(footprint: Footprint | undefined): number {
  return footprint === undefined ? Number.NaN : footprint.points + footprint.index;
}

async function compare(workload: Workload): Promise<Outcome> {
  const dir = await tempDir();
  const env = createNodeEnv();
  const storage = await openStorage(join(dir, 'varve'), env, {
    wal: { sync: 'os' },
    compaction: { rate: 1e12 },
    writeWaitMsMax: 600_000,
  });
  const victoria = await startVictoriaMetrics(dir);
  try {
    const points = await fill(workload, storage, victoria);
    await storage.flush();
    await storage.compact();
    const { tableBytes, index } = storage.stats();
    const indexBytes = index.levels.reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      workload,
      varve: { points: tableBytes / points, index: indexBytes / points },
      victoria: victoria && (await victoriaFootprint(victoria, join(dir, 'data'), points)),
    };
  } finally {
    await victoria?.end();
    await storage.close();
    await env.compute.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function fill(
  { series, seriesAt }: Workload,
  storage: Storage,
  victoria: VictoriaMetrics | undefined,
): Promise<number> {
  let points = 0;
  for (let from = 0; from < series; from += SERIES_PER_REQUEST) {
    const count = Math.min(SERIES_PER_REQUEST, series - from);
    const group = Array.from({ length: count }, (_, i) => seriesAt(from + i));
    points += await append(storage, group);
    if (victoria !== undefined) {
      await post(`${victoria.http}/api/v1/import`, group.map(jsonLine).join('\n'));
    }
  }
  return points;
}

async function append(storage: Storage, group: readonly SeriesData[]): Promise<number> {
  const ids = await storage.resolve(group.map(({ labels }) => toLabels(labels)));
  const width = group[0]!.values.length;
  const batch = {
    ids: new Uint32Array(group.length * width),
    timestampsMs: new Float64Array(group.length * width),
    values: new Float64Array(group.length * width),
  };
  for (const [i, { timestampsMs, values }] of group.entries()) {
    batch.ids.fill(ids[i]!, i * width, (i + 1) * width);
    batch.timestampsMs.set(timestampsMs, i * width);
    batch.values.set(values, i * width);
  }
  await storage.append(batch);
  return batch.values.length;
}

function jsonLine({ labels, timestampsMs, values }: SeriesData): string {
  return JSON.stringify({ metric: labels, values: [...values], timestamps: [...timestampsMs] });
}

async function post(url: string, body: string): Promise<void> {
  const { ok, status } = await fetch(url, {
    method: 'POST',
    body,
    headers: { connection: 'close' },
  });
  if (!ok) throw new Error(`${url} answered ${status}`);
}

async function victoriaFootprint(
  { http }: VictoriaMetrics,
  dir: string,
  points: number,
): Promise<Footprint> {
  await post(`${http}/internal/force_flush`, '');
  await post(`${http}/internal/force_merge`, '');
  while (await isMerging(http)) await wait(500);
  return {
    points: bytesBelow(join(dir, 'data')) / points,
    index: bytesBelow(join(dir, 'indexdb')) / points,
  };
}

async function isMerging(http: string): Promise<boolean> {
  const text = await (await fetch(`${http}/metrics`)).text();
  const active = text.matchAll(/^vm_active_(?:force_)?merges(?:\{type="storage[^}]*\})? (\d+)$/gm);
  return [...active].some(([, count]) => Number(count) > 0);
}
