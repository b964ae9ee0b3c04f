// The walk by hand against the generated decoder.

import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Attributes,
  decodeAttributes,
  toAttributes,
} from '../../../../ingest/decode/otlp/attributes.ts';
import { type MetricsVisitor, walkMetrics } from '../../../../ingest/decode/otlp/metrics.ts';
import type { DataPoint, DoubleWords } from '../../../../ingest/decode/otlp/points.ts';
import { type ByteRange, readUtf8 } from '../../../../ingest/decode/otlp/wire.ts';
import { IngestError } from '../../../../ingest/errors.ts';
import type {
  Exemplar,
  Metric,
} from '../../../../proto/gen/opentelemetry/proto/metrics/v1/metrics_pb.ts';
import type { KeyValue } from '../../../../proto/index.ts';
import {
  ExportMetricsServiceRequestSchema,
  InstrumentationScopeSchema,
  ResourceSchema,
} from '../../../../proto/index.ts';
import { anyMessage } from '../../../support/any-message.ts';
import { property } from '../../../support/seed.ts';

const walk = suite('ingest/decode/otlp/metrics');

/** Everything in a request in its order, as plain values. */
type Content = unknown[][];

function walkByHand(bytes: Buffer): Content {
  const content: Content = [];
  const content_ = ({ bytes: all, start, end }: ByteRange) => all.subarray(start, end);
  const head = (point: DataPoint) => [
    entries(decodeAttributes(point.attributes)),
    point.timestampMs,
    point.isUnrecorded,
    point.exemplars,
  ];
  const visitor: MetricsVisitor = {
    enterResource: (range) =>
      content.push([
        'resource',
        entries(toAttributes(fromBinary(ResourceSchema, content_(range)).attributes)),
      ]),
    enterScope(range, schemaUrl) {
      const { name, version, attributes } = fromBinary(InstrumentationScopeSchema, content_(range));
      content.push([
        'scope',
        name,
        version,
        entries(toAttributes(attributes)),
        readUtf8(schemaUrl),
      ]);
    },
    enterMetric({ name, description, unit, kind, temporality, isMonotonic, points }) {
      const texts = [name, description, unit].map(readUtf8);
      content.push(['metric', ...texts, kind, temporality, isMonotonic, points]);
    },
    number: (point) => content.push(['number', ...head(point), numberOf(point)]),
    histogram: (point) =>
      content.push([
        ...['histogram', ...head(point), point.count, sumOf(point), [...point.counts]],
        [...point.bounds],
      ]),
    exponential(point) {
      const { scale, zeroCount, zeroThreshold, positive, negative } = point;
      content.push([
        ...['exponential', ...head(point), point.count, sumOf(point), scale, zeroCount],
        ...[zeroThreshold, positive.offset, [...positive.counts]],
        ...[negative.offset, [...negative.counts]],
      ]);
    },
    summary: (point) =>
      content.push([
        ...['summary', ...head(point), point.count, toDouble(point.sum)],
        point.quantiles.map((one) => [one.quantile, toDouble(one)]),
      ]),
    leaveResource: () => content.push(['end']),
  };
  for (const _ of walkMetrics(bytes, visitor, 1_000_000));
  return content;
}

function toDouble({ low, high }: DoubleWords): number {
  return new Float64Array(Uint32Array.of(low, high).buffer)[0]!;
}

function sumOf(point: { hasSum: boolean; sum: DoubleWords }): number | undefined {
  return point.hasSum ? toDouble(point.sum) : undefined;
}

function numberOf(point: { valueKind: string } & DoubleWords): unknown {
  if (point.valueKind === 'none') return undefined;
  if (point.valueKind === 'double') return toDouble(point);
  return Number((BigInt(point.high | 0) << 32n) | BigInt(point.low));
}

function entries(attributes: Attributes): [string, string][] {
  return [...attributes];
}

interface GeneratedPoint {
  readonly attributes: KeyValue[];
  readonly timeUnixNano: bigint;
  readonly flags: number;
  readonly exemplars?: Exemplar[];
}

function head(point: GeneratedPoint): unknown[] {
  return [
    entries(toAttributes(point.attributes)),
    Number(point.timeUnixNano / 1_000_000n),
    point.flags % 2 === 1,
    point.exemplars?.length ?? 0,
  ];
}

const KINDS = { gauge: 5, sum: 7, histogram: 9, exponentialHistogram: 10, summary: 11 };

function decodeGenerated(bytes: Buffer): Content {
  const content: Content = [];
  const request = fromBinary(ExportMetricsServiceRequestSchema, bytes);
  for (const { resource, scopeMetrics } of request.resourceMetrics) {
    content.push(['resource', entries(toAttributes(resource?.attributes ?? []))]);
    for (const { scope, schemaUrl, metrics } of scopeMetrics) {
      const attributes = entries(toAttributes(scope?.attributes ?? []));
      content.push(['scope', scope?.name ?? '', scope?.version ?? '', attributes, schemaUrl]);
      for (const metric of metrics) content.push(...metricContent(metric));
    }
    content.push(['end']);
  }
  return content;
}

function metricContent({ name, description, unit, data }: Metric): Content {
  const kind = data.case === undefined ? 0 : KINDS[data.case];
  const temporality =
    data.value !== undefined && 'aggregationTemporality' in data.value
      ? data.value.aggregationTemporality
      : // A kind without the field keeps what is sent for it as unknown.
        undefined;
  const isMonotonic = data.case === 'sum' && data.value.isMonotonic;
  const points = data.value?.dataPoints.length ?? 0;
  return [
    ['metric', name, description, unit, kind, temporality ?? 0, isMonotonic, points],
    ...pointsContent(data),
  ];
}

function pointsContent(data: Metric['data']): Content {
  switch (data.case) {
    case undefined:
      return [];
    case 'gauge':
    case 'sum':
      return data.value.dataPoints.map((point) => {
        const value = point.value.value;
        return ['number', ...head(point), value === undefined ? undefined : Number(value)];
      });
    case 'histogram':
      return data.value.dataPoints.map((point) => [
        ...['histogram', ...head(point), Number(point.count), point.sum],
        ...[point.bucketCounts.map(Number), point.explicitBounds],
      ]);
    case 'exponentialHistogram':
      return data.value.dataPoints.map((point) => [
        ...['exponential', ...head(point), Number(point.count), point.sum, point.scale],
        ...[Number(point.zeroCount), point.zeroThreshold],
        ...[point.positive?.offset ?? 0, (point.positive?.bucketCounts ?? []).map(Number)],
        ...[point.negative?.offset ?? 0, (point.negative?.bucketCounts ?? []).map(Number)],
      ]);
    case 'summary':
      return data.value.dataPoints.map((point) => [
        ...['summary', ...head(point), Number(point.count), point.sum],
        point.quantileValues.map(({ quantile, value }) => [quantile, value]),
      ]);
  }
}

const request = anyMessage(ExportMetricsServiceRequestSchema);

walk('reads what the generated decoder reads, however it is written', () => {
  let points = 0;
  fc.assert(
    fc.property(request, (bytes) => {
      const content = walkByHand(bytes);
      assert.equal(content, decodeGenerated(bytes));
      points += content.length;
    }),
    property(250),
  );
  assert.ok(points > 2000, `${points} things read`);
});

walk('refuses damaged bytes as malformed and nothing else', () => {
  const damaged = fc
    .tuple(request, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([bytes, hits]) => {
      for (const [at, byte] of hits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes;
    });
  let refused = 0;
  const skipped = () => {};
  const visitor: MetricsVisitor = {
    ...{ enterResource: skipped, enterScope: skipped, enterMetric: skipped },
    ...{ number: skipped, histogram: skipped, exponential: skipped, summary: skipped },
    leaveResource: skipped,
  };
  fc.assert(
    fc.property(damaged, (bytes) => {
      try {
        for (const _ of walkMetrics(bytes, visitor, 1_000_000));
      } catch (error) {
        assert.instance(error, IngestError);
        assert.is((error as IngestError).code, 'INVALID_ARGUMENT');
        refused++;
      }
    }),
    property(250),
  );
  assert.ok(refused > 50, `${refused} refused`);
});

walk.run();
