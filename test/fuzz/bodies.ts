// Sound bodies of every format that comes in by a door, with a bit of everything in them.

import { create, toBinary } from '@bufbuild/protobuf';
import { compress } from 'zstd-napi';
import { AggregationTemporality, ExportLogsServiceRequestSchema } from '../../proto/index.ts';
import type { Rng } from '../sim/rng.ts';
import {
  encodeMetrics,
  type MetricInit,
  nanos,
  requestOf,
  toAnyValue,
  toKeyValues,
} from '../support/otlp.ts';
import { encodeV1, encodeV2, type TestSeries, toV1, toV2 } from '../support/remote-write.ts';
import { encodeColumns, encodeRequest, toColumns, toLabels } from '../support/write-requests.ts';

/** Long past for every machine that this runs on: 2025-01-01. */
export const BASE_MS = Date.UTC(2025, 0, 1);
const SPREAD_MS = 3_600_000;
const VALUES = [0, -0, 1, 0.1, -1.5e300, 5e-324, 2 ** 53];
const TEXTS = ['a', 'b', 'web 1', 'ünï', 'x=y,z', '"quoted"', 'back\\slash', 'l'.repeat(300)];

export type MakeBody = (rng: Rng) => Buffer;

const timeMs = (rng: Rng) => BASE_MS + rng.below(SPREAD_MS);
const several = <Item>(rng: Rng, most: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: 1 + rng.below(most) }, (_, index) => make(index));

function someSeries(rng: Rng): TestSeries[] {
  return several(rng, 4, (index) => ({
    labels: { __name__: `fuzzed_${index}`, job: rng.pick(TEXTS), host: `h${rng.below(9)}` },
    samples: several(rng, 4, () => [timeMs(rng), rng.pick(VALUES)] as const),
  }));
}

export const remoteWrite1: MakeBody = (rng) =>
  encodeV1({
    ...toV1(someSeries(rng)),
    metadata: [{ type: 1, metricFamilyName: 'fuzzed_0', help: rng.pick(TEXTS), unit: 'bytes' }],
  });

export const remoteWrite2: MakeBody = (rng) => encodeV2(toV2(someSeries(rng)));

export const varveRequest: MakeBody = (rng) => {
  const points = several(rng, 8, () => ({
    ref: 1 + rng.below(2),
    timestampMs: timeMs(rng),
    value: rng.pick(VALUES),
  }));
  const events = several(rng, 3, (index) => ({
    timestampNs: nanos(timeMs(rng)) + BigInt(index),
    body: Buffer.from(rng.pick(TEXTS)),
    attributes: toLabels({ trace: rng.pick(TEXTS) }),
  }));
  const columns = rng.chance(0.5)
    ? { columns: toColumns(points) }
    : { columnsZstd: Buffer.from(compress(encodeColumns(points))) };
  return encodeRequest({
    sequence: BigInt(rng.below(1000)),
    series: someSeries(rng).map(({ labels, samples }) => ({
      labels: toLabels(labels),
      timestampsMs: samples.map(([ms]) => BigInt(ms)),
      values: samples.map(([, value]) => value),
    })),
    definitions: [1, 2].map((ref) => ({
      ref,
      labels: toLabels({ __name__: 'fuzzed_ref', ref: String(ref) }),
    })),
    ...columns,
    ...(rng.chance(0.5) && {
      events: [{ labels: toLabels({ service: rng.pick(TEXTS) }), events }],
    }),
  });
};

export const otlpMetrics: MakeBody = (rng) => {
  const metrics = METRICS.filter(() => rng.chance(0.6)).map((data, kind) => ({
    ...{ name: `fuzzed.${kind}`, unit: 'By', description: rng.pick(TEXTS) },
    data: data(rng),
  }));
  return encodeMetrics(requestOf(metrics, { 'service.name': rng.pick(TEXTS) }));
};

type MetricData = NonNullable<MetricInit['data']>;

const COUNTS = { count: 6n, sum: 9.5 };

const METRICS: readonly ((rng: Rng) => MetricData)[] = [
  (rng) => ({ case: 'gauge', value: { dataPoints: several(rng, 3, () => numberPoint(rng)) } }),
  (rng) => {
    const dataPoints = several(rng, 3, () => numberPoint(rng));
    return { case: 'sum', value: { dataPoints, ...temporality(rng), isMonotonic: true } };
  },
  (rng) => {
    const buckets = { bucketCounts: [1n, 2n, 3n], explicitBounds: [0.5, 5] };
    const dataPoints = [{ ...pointOf(rng), ...COUNTS, ...buckets }];
    return { case: 'histogram', value: { dataPoints, ...temporality(rng) } };
  },
  (rng) => {
    const buckets = {
      scale: rng.below(8) - 4,
      zeroCount: 1n,
      positive: { offset: rng.below(9) - 4, bucketCounts: [1n, 2n] },
      negative: { offset: 0, bucketCounts: [2n] },
    };
    const dataPoints = [{ ...pointOf(rng), ...COUNTS, ...buckets }];
    return { case: 'exponentialHistogram', value: { dataPoints, ...temporality(rng) } };
  },
  (rng) => {
    const quantileValues = [{ quantile: 0.5, value: rng.pick(VALUES) }];
    return {
      case: 'summary',
      value: { dataPoints: [{ ...pointOf(rng), ...COUNTS, quantileValues }] },
    };
  },
];

function pointOf(rng: Rng) {
  return {
    attributes: toKeyValues({ host: rng.pick(TEXTS), core: BigInt(rng.below(4)), on: true }),
    startTimeUnixNano: nanos(BASE_MS),
    timeUnixNano: nanos(timeMs(rng)),
  };
}

function numberPoint(rng: Rng) {
  return { ...pointOf(rng), value: { case: 'asDouble', value: rng.pick(VALUES) } as const };
}

function temporality(rng: Rng) {
  const { CUMULATIVE, DELTA } = AggregationTemporality;
  return { aggregationTemporality: rng.pick([CUMULATIVE, DELTA]) };
}

export const otlpLogs: MakeBody = (rng) => {
  const logRecords = several(rng, 4, () => ({
    timeUnixNano: nanos(timeMs(rng)),
    severityNumber: rng.below(25),
    severityText: 'INFO',
    body: toAnyValue(
      rng.chance(0.7)
        ? rng.pick(TEXTS)
        : { value: { case: 'kvlistValue', value: { values: toKeyValues({ a: 1, b: true }) } } },
    ),
    attributes: toKeyValues({ user: rng.pick(TEXTS), bytes: Buffer.from('raw') }),
    traceId: Buffer.alloc(16, 7),
    spanId: Buffer.alloc(8, 1 + rng.below(9)),
  }));
  const resource = { attributes: toKeyValues({ 'service.name': rng.pick(TEXTS) }) };
  const resourceLogs = [{ resource, scopeLogs: [{ scope: { name: 'lib' }, logRecords }] }];
  const message = create(ExportLogsServiceRequestSchema, { resourceLogs });
  return Buffer.from(toBinary(ExportLogsServiceRequestSchema, message));
};

const text = (lines: readonly string[]) => Buffer.from(`${lines.join('\n')}\n`);

export const influxLines: MakeBody = (rng) =>
  text(
    several(rng, 6, (index) => {
      const tags = `host=h${rng.below(9)},path=a\\ b\\,c`;
      const fields = `user=${rng.below(100) / 10},n=${rng.below(100)}i,ok=t`;
      return `cpu${index},${tags} ${fields} ${nanos(timeMs(rng))}`;
    }),
  );

export const jsonLines: MakeBody = (rng) =>
  text([
    ...someSeries(rng).map(({ labels, samples }) =>
      JSON.stringify({
        metric: labels,
        values: samples.map(([, value]) => (rng.chance(0.2) ? 'StaleNaN' : value)),
        timestamps: samples.map(([ms]) => ms),
      }),
    ),
    ...(rng.chance(0.5)
      ? [
          JSON.stringify({
            stream: { service: rng.pick(TEXTS) },
            events: [[String(nanos(timeMs(rng))), rng.pick(TEXTS), { trace: '0a' }]],
          }),
        ]
      : []),
  ]);

export const exposition: MakeBody = (rng) =>
  text([
    '# HELP fuzzed_total Requests\\nserved.',
    '# TYPE fuzzed_total counter',
    ...several(
      rng,
      4,
      (code) => `fuzzed_total{path="/\\"a\\\\",code="${code}"} ${rng.below(1000)} ${timeMs(rng)}`,
    ),
    `{"fuzzed.utf8",job="ü"} +Inf ${timeMs(rng)} # {trace_id="a"} 0.67`,
    '# EOF',
  ]);

export const csv: MakeBody = (rng) =>
  text(
    several(
      rng,
      6,
      () =>
        `${timeMs(rng)},"a, ""rack"" ${rng.below(5)}",${rng.below(100) / 4},${rng.pick(VALUES)}`,
    ),
  );
