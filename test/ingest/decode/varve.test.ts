// The hand-written decoder against the generated one, on messages written in every way proto3
// allows: any field order, packed or not, submessages in pieces, unknown fields anywhere.

import { create, fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compress } from 'zstd-napi';
import { pointBuffer } from '../../../ingest/decode/columns.ts';
import { decodeLabels } from '../../../ingest/decode/labels.ts';
import {
  definitionReader,
  measureRequest,
  readColumns,
  seriesReader,
} from '../../../ingest/decode/varve.ts';
import { IngestError } from '../../../ingest/errors.ts';
import { DEFAULT_LIMITS } from '../../../ingest/limits.ts';
import { type Label, WriteRequestSchema } from '../../../proto/index.ts';
import { encodeRequest, field, toLabels, varint } from '../../support/write-requests.ts';

const decoder = suite('ingest/decode/varve');
const SEED = 20_260_101;

/** What both decoders must agree on: values as bits, timestamps as int64. */
interface Content {
  readonly sequence: bigint;
  readonly series: { labels: PlainLabel[]; timestamps: bigint[]; values: bigint[] }[];
  readonly definitions: { ref: number; labels: PlainLabel[] }[];
  readonly columns: { refs: number[]; timestamps: bigint[]; values: bigint[] };
  readonly events: number;
}

interface PlainLabel {
  readonly name: string;
  readonly value: string;
}

function decodeByHand(bytes: Buffer): Content {
  const request = measureRequest(bytes, DEFAULT_LIMITS);
  const count = request.seriesPoints + request.columnPoints;
  const points = pointBuffer(count);
  const timestamps = new BigInt64Array(points.timestampsMs.buffer, 0, count);
  const values = new BigInt64Array(points.values.buffer, points.values.byteOffset, count);
  const series: Content['series'][number][] = [];
  const allSeries = seriesReader(request, points, (labels, from, to) => {
    series.push({
      labels: decodeLabels(labels, DEFAULT_LIMITS) as PlainLabel[],
      timestamps: [...timestamps.subarray(from, to)],
      values: [...values.subarray(from, to)],
    });
  });
  // One at a time: what a turn leaves the next one takes up.
  while (allSeries.read(1));
  const definitions: Content['definitions'][number][] = [];
  const allDefinitions = definitionReader(request, (ref, labels) => {
    definitions.push({ ref, labels: decodeLabels(labels, DEFAULT_LIMITS) as PlainLabel[] });
  });
  while (allDefinitions.read(2));
  assert.is(series.length, request.series);
  assert.is(definitions.length, request.definitions);
  readColumns(request, points);
  const columns = {
    refs: [...points.ids.subarray(request.seriesPoints)],
    timestamps: [...timestamps.subarray(request.seriesPoints)],
    values: [...values.subarray(request.seriesPoints)],
  };
  return { sequence: request.sequence, series, definitions, columns, events: request.events };
}

function decodeGenerated(bytes: Buffer): Content {
  const request = fromBinary(WriteRequestSchema, bytes);
  // A label without a value is one that is not there.
  const plain = (labels: Label[]) =>
    labels.filter(({ value }) => value !== '').map(({ name, value }) => ({ name, value }));
  return {
    sequence: request.sequence,
    series: request.series.map(({ labels, timestampsMs, values }) => ({
      labels: plain(labels),
      timestamps: timestampsMs,
      values: toBits(values),
    })),
    definitions: request.definitions.map(({ ref, labels }) => ({ ref, labels: plain(labels) })),
    columns: {
      refs: request.columns?.refs ?? [],
      timestamps: request.columns?.timestampsMs ?? [],
      values: toBits(request.columns?.values ?? []),
    },
    events: request.events.reduce((sum, { events }) => sum + events.length, 0),
  };
}

function toBits(values: readonly number[]): bigint[] {
  return [...new BigInt64Array(Float64Array.from(values).buffer)];
}

/** Fields of one message, in any order, with unknown ones between them. */
function message(...parts: fc.Arbitrary<Buffer[]>[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.tuple(...parts), fc.array(unknownField, { maxLength: 2 }))
    .chain(([fields, unknown]) => {
      const all = [...fields.flat(), ...unknown];
      return fc.shuffledSubarray(all, { minLength: all.length });
    })
    .map((fields) => Buffer.concat(fields));
}

const unknownField: fc.Arbitrary<Buffer> = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => Buffer.concat([varint(15 * 8), long(n)])),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((b) => Buffer.concat([varint(99 * 8 + 1), b])),
  fc.uint8Array({ maxLength: 9 }).map((b) => field(536_870_911, b)),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((b) => Buffer.concat([varint(31 * 8 + 5), b])),
  fc.constant(Buffer.concat([varint(20 * 8 + 3), field(1, Buffer.from('x')), varint(20 * 8 + 4)])),
);

function long(value: bigint): Buffer {
  const bytes: number[] = [];
  for (; value >= 128n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return Buffer.from([...bytes, Number(value)]);
}

/** The elements of a column split into runs, each packed or one by one. */
function column(number: number, size: 4 | 8, elements: readonly Buffer[]): fc.Arbitrary<Buffer[]> {
  const cut = fc.integer({ min: 0, max: elements.length });
  return fc
    .tuple(cut, fc.boolean(), fc.boolean())
    .map(([at, firstPacked, secondPacked]) => [
      Buffer.concat([
        run(number, size, elements.slice(0, at), firstPacked),
        run(number, size, elements.slice(at), secondPacked),
      ]),
    ]);
}

function run(number: number, size: 4 | 8, elements: readonly Buffer[], packed: boolean): Buffer {
  if (packed) return field(number, Buffer.concat(elements));
  const tag = varint(number * 8 + (size === 8 ? 1 : 5));
  return Buffer.concat(elements.flatMap((element) => [tag, element]));
}

const eightBytes = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((b) => Buffer.from(b));
/** A double that the generated decoder's plain numbers keep bit for bit. */
const double = fc.double({ noNaN: true }).map((value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
});
const fourBytes = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((b) => Buffer.from(b));
const text = fc.string({ unit: 'grapheme', maxLength: 5 });
const label = message(
  text.map((name) => [field(1, Buffer.from(name))]),
  text.map((value) => [field(2, Buffer.from(value))]),
);

function labels(number: number): fc.Arbitrary<Buffer[]> {
  return fc.array(label, { maxLength: 3 }).map((all) => all.map((one) => field(number, one)));
}

const timeSeries = fc.array(fc.tuple(eightBytes, double), { maxLength: 4 }).chain((points) =>
  message(
    labels(1),
    column(
      2,
      8,
      points.map(([t]) => t),
    ),
    column(
      3,
      8,
      points.map(([, v]) => v),
    ),
  ),
);

const definition = message(
  fc.array(fourBytes, { maxLength: 2 }).map((refs) => refs.map((ref) => run(1, 4, [ref], false))),
  labels(2),
);

/** A Columns message, in one or two pieces that protobuf merges. */
const columns = fc
  .array(fc.tuple(fourBytes, eightBytes, double), { maxLength: 12 })
  .chain((points) =>
    fc.tuple(
      message(
        column(
          1,
          4,
          points.map(([ref]) => ref),
        ),
        column(
          2,
          8,
          points.map(([, t]) => t),
        ),
      ),
      message(
        column(
          3,
          8,
          points.map(([, , v]) => v),
        ),
      ),
    ),
  )
  .chain((pieces) =>
    fc.constantFrom(
      [field(4, Buffer.concat(pieces))],
      pieces.map((p) => field(4, p)),
    ),
  );

const eventStream = fc
  .array(fc.uint8Array({ maxLength: 3 }), { maxLength: 3 })
  .map((bodies) => Buffer.concat(bodies.map((body) => field(2, field(2, body)))));

const request = message(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => [Buffer.concat([varint(8), long(n)])]),
  fc.array(timeSeries, { maxLength: 3 }).map((all) => all.map((one) => field(2, one))),
  fc.array(definition, { maxLength: 3 }).map((all) => all.map((one) => field(3, one))),
  columns,
  fc.array(eventStream, { maxLength: 2 }).map((all) => all.map((one) => field(6, one))),
);

decoder('reads what the generated decoder reads, however it is written', () => {
  fc.assert(
    fc.property(request, (bytes) => {
      assert.equal(decodeByHand(bytes), decodeGenerated(bytes));
    }),
    { seed: SEED, numRuns: 700 },
  );
});

decoder('refuses damaged bytes as malformed and nothing else', () => {
  const damaged = fc
    .tuple(request, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([bytes, hits]) => {
      for (const [at, byte] of hits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes;
    });
  let refused = 0;
  fc.assert(
    fc.property(damaged, (bytes) => {
      try {
        decodeByHand(bytes);
      } catch (error) {
        assert.instance(error, IngestError);
        assert.is((error as IngestError).code, 'INVALID_ARGUMENT');
        refused++;
      }
    }),
    { seed: SEED, numRuns: 700 },
  );
  assert.ok(refused > 50, `${refused} refused`);
});

decoder('keeps the bits of every NaN', () => {
  const staleMarker = Buffer.from([0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f]);
  const bytes = field(
    4,
    Buffer.concat([field(1, Buffer.alloc(4)), field(2, Buffer.alloc(8)), field(3, staleMarker)]),
  );
  assert.equal(decodeByHand(bytes).columns.values, [0x7ff0000000000002n]);
});

decoder('reads columns and columns_zstd of one request after each other', () => {
  const one = { refs: [1], timestampsMs: [10n], values: [0.5] };
  const packed = encodeRequest({ columns: { refs: [2], timestampsMs: [20n], values: [1.5] } });
  const inner = packed.subarray(2);
  const bytes = encodeRequest({ columns: one, columnsZstd: compress(inner) });
  assert.equal(decodeByHand(bytes).columns.refs, [1, 2]);
  assert.equal(decodeByHand(bytes).columns.timestamps, [10n, 20n]);
});

const RAGGED: [string, Buffer, RegExp][] = [
  [
    'columns',
    encodeRequest({ columns: { refs: [1], timestampsMs: [1n], values: [] } }),
    /ragged columns: 1 refs, 1 timestamps and 0 values/,
  ],
  [
    'series',
    encodeRequest({ series: [{ labels: toLabels({ a: 'b' }), timestampsMs: [1n], values: [] }] }),
    /ragged series: 1 timestamps and 0 values/,
  ],
  [
    'columns_zstd',
    encodeRequest({ columnsZstd: compress(field(2, Buffer.alloc(8))) }),
    /ragged columns_zstd: 0 refs, 1 timestamps and 0 values/,
  ],
];

for (const [what, bytes, expected] of RAGGED) {
  decoder(`refuses ragged ${what}`, () => {
    assert.throws(() => measureRequest(bytes, DEFAULT_LIMITS), expected);
  });
}

decoder('refuses groups nested past the limit instead of overflowing', () => {
  assert.throws(
    () => measureRequest(Buffer.alloc(100_000, 0x7b), DEFAULT_LIMITS),
    /groups nest deeper/,
  );
});

decoder('is not moved by an empty request', () => {
  const request = create(WriteRequestSchema);
  assert.equal(decodeByHand(encodeRequest(request)), decodeGenerated(Buffer.alloc(0)));
});

decoder.run();
