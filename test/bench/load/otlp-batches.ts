// ExportMetricsServiceRequests as gRPC messages, encoded before the clock starts, as a collector
// sends them: a resource for each host, its metrics, a point for each of their series.

import { create, toBinary } from '@bufbuild/protobuf';
import { AggregationTemporality, ExportMetricsServiceRequestSchema } from '../../../proto/index.ts';
import { METRIC_KINDS } from '../../support/metric-mix.ts';
import { type MetricInit, nanos, toKeyValues } from '../../support/otlp.ts';
import { framed } from '../../support/write-requests.ts';
import { type BatchSource, type LoadSeries, mixValues } from './batches.ts';

const CPUS = 10;
/** Times and values until a batch is used: they are found by their bytes. */
const MARK_NANOS = 0x0102030405060708n;
const MARK_VALUE = 1.000244140625;

/** One buffer: one batch under way. `series.count` is a multiple of METRIC_KINDS * CPUS. */
export function otlpSource(series: LoadSeries, rounds: number): BatchSource {
  const values = mixValues(series, rounds);
  const message = framed(toBinary(ExportMetricsServiceRequestSchema, requestOf(series)));
  const timestampAt = placesOf(message, fixed64(MARK_NANOS));
  const valueAt = placesOf(message, double(MARK_VALUE));
  if (timestampAt.length !== series.count || valueAt.length !== series.count) {
    throw new Error(`${timestampAt.length} times and ${valueAt.length} values were found`);
  }
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  let round = 0;
  return {
    pointsPerBatch: series.count,
    roundsPerBatch: 1,
    distinct: 1,
    next(startMs) {
      const timestamp = nanos(startMs);
      const start = (round++ % rounds) * series.count;
      for (let k = 0; k < series.count; k++) {
        view.setBigUint64(timestampAt[k]!, timestamp, true);
        view.setFloat64(valueAt[k]!, values[start + k]!, true);
      }
      return message;
    },
  };
}

function requestOf({ first, count, service }: LoadSeries) {
  const hosts = count / (METRIC_KINDS.length * CPUS);
  const resourceMetrics = Array.from({ length: hosts }, (_, i) => {
    const host = first / (METRIC_KINDS.length * CPUS) + i;
    const attributes = toKeyValues({
      'service.name': service,
      'service.instance.id': `host-${host}`,
      'host.name': `host-${host}.example.org`,
      'os.type': 'linux',
      'cloud.region': `eu-${host % 4}`,
    });
    const metrics = METRIC_KINDS.map((_, kind) => metricOf(kind));
    return {
      resource: { attributes },
      scopeMetrics: [{ scope: { name: 'hostmetrics' }, metrics }],
    };
  });
  return create(ExportMetricsServiceRequestSchema, { resourceMetrics });
}

/** Every other one a cumulative counter. */
function metricOf(kind: number): MetricInit {
  const dataPoints = Array.from({ length: CPUS }, (_, cpu) => ({
    attributes: toKeyValues({ cpu: `cpu${cpu}`, state: 'user' }),
    startTimeUnixNano: nanos(1),
    timeUnixNano: MARK_NANOS,
    value: { case: 'asDouble', value: MARK_VALUE } as const,
  }));
  const name = `device.metric.${kind}`;
  if (kind % 2 === 0) return { name, data: { case: 'gauge', value: { dataPoints } } };
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  const value = { dataPoints, aggregationTemporality, isMonotonic: true };
  return { name, unit: 's', data: { case: 'sum', value } };
}

function placesOf(message: Buffer, mark: Buffer): number[] {
  const places: number[] = [];
  for (let at = message.indexOf(mark); at >= 0; at = message.indexOf(mark, at + 1)) places.push(at);
  return places;
}

function fixed64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}
