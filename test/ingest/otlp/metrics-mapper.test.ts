import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AggregationTemporality } from '../../../proto/index.ts';
import {
  type MetricInit,
  mapMetrics,
  nanos,
  requestOf,
  toAnyValue,
  toKeyValues,
} from '../../support/otlp.ts';

const mapper = suite('ingest/otlp/metrics-mapper');

const AT_MS = 1_767_225_600_000;
const at = { timeUnixNano: nanos(AT_MS) };
const { DELTA, UNSPECIFIED } = AggregationTemporality;
const CUMULATIVE: AggregationTemporality = AggregationTemporality.CUMULATIVE;

function gauge(name: string, value: number, attributes = {}, unit = ''): MetricInit {
  const point = {
    ...at,
    attributes: toKeyValues(attributes),
    value: { case: 'asDouble', value } as const,
  };
  return { name, unit, data: { case: 'gauge', value: { dataPoints: [point] } } };
}

function sum(
  name: string,
  change: bigint,
  aggregationTemporality = CUMULATIVE,
  isMonotonic = true,
): MetricInit {
  const point = { ...at, value: { case: 'asInt', value: change } as const };
  return {
    name,
    data: { case: 'sum', value: { aggregationTemporality, isMonotonic, dataPoints: [point] } },
  };
}

mapper('maps numbers to one series each, with job and instance of the resource', () => {
  const { lines } = mapMetrics(
    requestOf([gauge('room.temperature', 21.5, { 'room.id': 'a' }, 'Cel'), sum('requests', -7n)], {
      'service.name': 'api',
      'service.namespace': 'shop',
      'service.instance.id': 'i1',
    }),
  );
  assert.equal(lines, [
    `room_temperature_celsius{instance="i1",job="shop/api",room_id="a"} 21.5 @${AT_MS}`,
    `requests_total{instance="i1",job="shop/api"} -7 @${AT_MS}`,
  ]);
});

mapper('makes target_info of what else a resource has, and of identified ones alone', () => {
  const metrics = [gauge('g', 1)];
  const identified = mapMetrics(requestOf(metrics, { 'service.name': 'api', 'host.name': 'h' }));
  assert.equal(identified.lines, [
    `g{job="api"} 1 @${AT_MS}`,
    `target_info{host_name="h",job="api"} 1 @${AT_MS}`,
  ]);
  const [told] = identified.metadata.get('target_info');
  assert.is(told?.type, 'gauge');
  assert.is(mapMetrics(requestOf(metrics, { 'host.name': 'h' })).lines.length, 1);
  assert.is(mapMetrics(requestOf(metrics, { 'service.name': 'api' })).lines.length, 1);
});

mapper('gives a late batch a target_info that no lookback misses, and a bounded one', () => {
  const spread = (spanMs: number) => {
    const points = [AT_MS - spanMs, AT_MS].map((timestampMs) => ({
      timeUnixNano: nanos(timestampMs),
      value: { case: 'asDouble', value: 1 } as const,
    }));
    const metric: MetricInit = {
      name: 'g',
      data: { case: 'gauge', value: { dataPoints: points } },
    };
    const { lines } = mapMetrics(requestOf([metric], { 'service.name': 'api', host: 'h' }));
    return lines
      .filter((line) => line.startsWith('target_info'))
      .map((line) => AT_MS - Number(line.split('@')[1]));
  };
  assert.equal(spread(400_000), [400_000, 300_000, 150_000, 0]);
  assert.is(spread(AT_MS).length, 288);
  assert.is(spread(AT_MS).at(-1), 0);
});

mapper('joins attributes whose names become one, in the order of their keys', () => {
  const { lines } = mapMetrics(
    requestOf([gauge('g', 1, { 'a-b': 'third', 'a.b': 'fourth', a_b: 'last', 'a b': 'first' })]),
  );
  assert.equal(lines, [`g{a_b="first;third;fourth;last"} 1 @${AT_MS}`]);
});

mapper('writes attribute values of every kind as Prometheus does', () => {
  const list = toAnyValue({
    value: {
      case: 'arrayValue',
      value: { values: [toAnyValue('x<y'), toAnyValue(2n), toAnyValue(true), {}] },
    },
  });
  const map = toAnyValue({
    value: { case: 'kvlistValue', value: { values: toKeyValues({ b: 1.5, a: list }) } },
  });
  const attributes = {
    text: 't',
    int: 2n ** 62n,
    double: 1e21,
    bool: false,
    bytes: Uint8Array.of(1, 2, 255),
    list,
    map,
    none: {},
  };
  const { lines } = mapMetrics(requestOf([gauge('g', 1, attributes)]));
  const json = '["x\\u003cy",2,true,null]';
  const labels = [
    ...['bool="false"', 'bytes="AQL/"', 'double="1e+21"', 'int="4611686018427387904"'],
    ...[`list="${json}"`, `map="{"a":${json},"b":1.5}"`, 'text="t"'],
  ];
  assert.equal(lines, [`g{${labels.join(',')}} 1 @${AT_MS}`]);
});

mapper('promotes resource attributes and scopes when it is told to', () => {
  const request = requestOf([gauge('g', 1, { 'host.name': 'own' })], {
    'service.name': 'api',
    'host.name': 'h',
    'cloud.zone': 'z',
  });
  const promoteResourceAttributes = ['cloud.zone', 'host.name', 'absent'];
  const { lines } = mapMetrics(request, { promoteResourceAttributes, promoteScopeMetadata: true });
  const scope = 'otel_scope_name="lib",otel_scope_version="1.2"';
  assert.equal(lines, [
    `g{cloud_zone="z",host_name="own",job="api",${scope}} 1 @${AT_MS}`,
    `target_info{cloud_zone="z",host_name="h",job="api"} 1 @${AT_MS}`,
  ]);
});

mapper('keeps names as they are when translation is off', () => {
  const { lines } = mapMetrics(
    requestOf([gauge('room.temperature', 1, { 'room.id': 'a' }, 'Cel')]),
    { translation: 'no_translation' },
  );
  assert.equal(lines, [`room.temperature{room.id="a"} 1 @${AT_MS}`]);
});

mapper('maps a histogram to cumulative buckets, sum and count', () => {
  const point = {
    ...at,
    count: 6n,
    sum: 12.5,
    bucketCounts: [1n, 2n, 3n],
    explicitBounds: [0.5, 1e21],
  };
  const metric: MetricInit = {
    name: 'latency',
    unit: 's',
    description: 'how long',
    data: { case: 'histogram', value: { aggregationTemporality: CUMULATIVE, dataPoints: [point] } },
  };
  const { lines, metadata } = mapMetrics(requestOf([metric]));
  assert.equal(lines, [
    `latency_seconds_sum{} 12.5 @${AT_MS}`,
    `latency_seconds_count{} 6 @${AT_MS}`,
    `latency_seconds_bucket{le="0.5"} 1 @${AT_MS}`,
    `latency_seconds_bucket{le="1000000000000000000000"} 3 @${AT_MS}`,
    `latency_seconds_bucket{le="+Inf"} 6 @${AT_MS}`,
  ]);
  assert.equal(metadata.get('latency_seconds'), [
    { type: 'histogram', help: 'how long', unit: 'seconds' },
  ]);
});

mapper('maps a summary to its quantiles', () => {
  const quantileValues = [
    { quantile: 0.5, value: 1 },
    { quantile: 1, value: 9 },
  ];
  const point = { ...at, count: 2n, sum: 10, quantileValues };
  const { lines } = mapMetrics(
    requestOf([{ name: 's', data: { case: 'summary', value: { dataPoints: [point] } } }]),
  );
  assert.equal(lines, [
    `s_sum{} 10 @${AT_MS}`,
    `s_count{} 2 @${AT_MS}`,
    `s{quantile="0.5"} 1 @${AT_MS}`,
    `s{quantile="1"} 9 @${AT_MS}`,
  ]);
});

mapper('marks what has no recorded value as stale', () => {
  const point = { ...at, flags: 1 };
  const stale = mapMetrics(
    requestOf([
      { name: 'g', data: { case: 'gauge', value: { dataPoints: [point] } } },
      {
        name: 'h',
        data: { case: 'histogram', value: { aggregationTemporality: DELTA, dataPoints: [point] } },
      },
    ]),
  );
  assert.equal(stale.lines, [
    `g{} stale @${AT_MS}`,
    `h_count{} stale @${AT_MS}`,
    `h_bucket{le="+Inf"} stale @${AT_MS}`,
  ]);
  assert.equal(stale.deltas, []);
});

mapper('tells which points are changes, and refuses those that it cannot add up', () => {
  const level = sum('level', 3n, DELTA, false);
  const accumulated = mapMetrics(
    requestOf([gauge('g', 1), sum('c', 3n, DELTA), level, sum('u', 3n, UNSPECIFIED)]),
  );
  assert.equal(accumulated.deltas, [1]);
  assert.is(accumulated.rejected['temporality'], 2);
  assert.is(accumulated.rejectedDataPoints, 2);
  const kept = mapMetrics(requestOf([sum('c', 3n, DELTA), level]), { delta: 'keep' });
  assert.equal([kept.deltas, kept.lines.length, kept.rejectedDataPoints], [[], 2, 0]);
  assert.is(kept.metadata.get('c_total')[0]?.type, 'unknown');
  const rejected = mapMetrics(requestOf([sum('c', 3n, DELTA), sum('d', 3n)]), { delta: 'reject' });
  assert.equal([rejected.lines.length, rejected.rejectedDataPoints], [1, 1]);
});

mapper('counts a data point once, however many of its series are refused', () => {
  const dataPoints = [1n, 2n].map((count) => ({
    ...at,
    count,
    bucketCounts: [count],
    attributes: toKeyValues({ '': 'x' }),
  }));
  const histogram: MetricInit = {
    name: 'h',
    data: { case: 'histogram', value: { aggregationTemporality: CUMULATIVE, dataPoints } },
  };
  const { lines, rejected, rejectedDataPoints } = mapMetrics(
    requestOf([gauge('a', 1), histogram, gauge('b', 1)]),
  );
  assert.is(lines.length, 2);
  assert.is(rejected['empty_label_name'], 4);
  assert.is(rejectedDataPoints, 2);
});

mapper('refuses points without a value or a name, and counts exemplars', () => {
  const exemplars = [{}, {}];
  const metric: MetricInit = {
    name: 'g',
    data: { case: 'gauge', value: { dataPoints: [{ ...at, exemplars }] } },
  };
  const { rejected, rejectedDataPoints, lines } = mapMetrics(
    requestOf([metric, gauge('___', 1), gauge('ü', 1)]),
  );
  assert.equal(rejected, { exemplar: 2, no_value: 1, untranslatable_name: 2 });
  assert.is(rejectedDataPoints, 3);
  assert.equal(lines, []);
});

mapper.run();
