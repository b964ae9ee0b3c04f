// Bodies for the doors of other formats, made while they are sent: from templates, so that the load
// takes little from the servers. Points go series after series, time after time.

import { compressSync } from 'snappy';
import { METRIC_KINDS, metricValues } from '../../support/metric-mix.ts';
import { field, toLabels, varint } from '../../support/write-requests.ts';

export const SERIES = 4_000;
export const POINTS_PER_REQUEST = 5_000;
const STEP_MS = 15_000;
const HOUR_MS = 3_600_000;
const START_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 240 * HOUR_MS;
/** Rounds before values repeat. */
const ROUNDS = 512;
/** Of a timestamp as a varint: any from 1971 to 2109 has six. */
const TIMESTAMP_BYTES = 6;

const values = Array.from({ length: SERIES }, (_, k) =>
  metricValues(METRIC_KINDS[k % METRIC_KINDS.length]!, ROUNDS, k),
);
const labels = Array.from({ length: SERIES }, (_, k) => {
  const host = Math.floor(k / METRIC_KINDS.length);
  return {
    __name__: `device_metric_${k % METRIC_KINDS.length}`,
    instance: `host-${host}.example.com:9100`,
    job: 'node',
    region: `eu-${host % 4}`,
    zone: `zone-${host % 12}`,
  };
});

/** The request whose first point is number `first` of all. */
export type BodySource = (first: number) => Uint8Array<ArrayBuffer>;

export function remoteWriteV1(): BodySource {
  const templates = labels.map((set) =>
    seriesTemplate(
      1,
      toLabels(set).map(({ name, value }) =>
        field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])),
      ),
    ),
  );
  return (first) => compressed(templates, first, Buffer.alloc(0));
}

export function remoteWriteV2(): BodySource {
  const symbols = [...new Set(['', ...labels.flatMap((set) => Object.entries(set).flat())])];
  const refs = new Map(symbols.map((symbol, ref) => [symbol, ref]));
  const table = Buffer.concat(symbols.map((symbol) => field(4, Buffer.from(symbol))));
  const templates = labels.map((set) => {
    const packed = Object.entries(set).flatMap((pair) => pair.map((text) => refs.get(text)!));
    return seriesTemplate(5, [field(1, Buffer.concat(packed.map(varint)))]);
  });
  return (first) => compressed(templates, first, table);
}

/** A series with one sample, which ends it. */
function seriesTemplate(number: number, labelFields: readonly Buffer[]): Buffer {
  const sample = Buffer.alloc(1 + 8 + 1 + TIMESTAMP_BYTES);
  sample[0] = 0x09;
  sample[9] = 0x10;
  return field(number, Buffer.concat([...labelFields, field(2, sample)]));
}

function compressed(templates: readonly Buffer[], first: number, table: Buffer) {
  const parts = pointsFrom(first).map(({ k, timestampMs, value }) => {
    const template = templates[k]!;
    template.writeDoubleLE(value, template.length - TIMESTAMP_BYTES - 1 - 8);
    writeVarint(template, template.length - TIMESTAMP_BYTES, timestampMs);
    // A series may come twice in a request.
    return Buffer.from(template);
  });
  return compressSync(Buffer.concat([table, ...parts])) as Uint8Array<ArrayBuffer>;
}

function writeVarint(target: Buffer, start: number, value: number): void {
  let rest = value;
  for (let at = start; at < start + TIMESTAMP_BYTES; at++) {
    target[at] = (rest % 128) | (at < start + TIMESTAMP_BYTES - 1 ? 0x80 : 0);
    rest = Math.floor(rest / 128);
  }
}

/** `fieldsPerLine` of the points of a host in each line. */
export function lineProtocol(fieldsPerLine: number): BodySource {
  return (first) => {
    const lines: string[] = [];
    const points = pointsFrom(first);
    for (let at = 0; at < points.length; at += fieldsPerLine) {
      const { k, timestampMs } = points[at]!;
      const { instance, job, region, zone } = labels[k]!;
      const fields = points
        .slice(at, at + fieldsPerLine)
        .map((point) => `metric_${point.k % METRIC_KINDS.length}=${point.value}`);
      const head = `device,instance=${instance},job=${job},region=${region},zone=${zone}`;
      lines.push(`${head} ${fields.join(',')} ${timestampMs}000000\n`);
    }
    return Buffer.from(lines.join(''));
  };
}

function pointsFrom(first: number) {
  return Array.from({ length: POINTS_PER_REQUEST }, (_, i) => {
    const k = (first + i) % SERIES;
    const round = Math.floor((first + i) / SERIES);
    return { k, timestampMs: START_MS + round * STEP_MS, value: values[k]![round % ROUNDS]! };
  });
}
