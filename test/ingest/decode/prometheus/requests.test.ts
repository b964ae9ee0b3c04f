// Both versions of remote write, read by hand, against what the generated code reads.

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { requestV2Reader } from '../../../../ingest/decode/prometheus/request-v2.ts';
import { writeRequestReader } from '../../../../ingest/decode/prometheus/write-request.ts';
import { IngestError } from '../../../../ingest/errors.ts';
import { DEFAULT_LIMITS } from '../../../../ingest/limits.ts';
import { createSeriesPredictor } from '../../../../ingest/series-predictor.ts';
import { RequestSchema } from '../../../../proto/gen/prometheus/request_v2_pb.ts';
import {
  TimeSeriesSchema,
  WriteRequestSchema,
} from '../../../../proto/gen/prometheus/write_request_pb.ts';
import { createMetadataStore } from '../../../../storage/index.ts';
import { type BatchLog, createBatchLog } from '../../../support/batch-log.ts';
import { encodeV1, encodeV2 } from '../../../support/remote-write.ts';
import { property } from '../../../support/seed.ts';
import { field } from '../../../support/write-requests.ts';

const requests = suite('ingest/decode/prometheus');

interface Read {
  readonly points: BatchLog['points'];
  readonly dropped: number;
}

function readV1(body: Buffer, batch = createBatchLog()): Read {
  while (writeRequestReader(body, batch, DEFAULT_LIMITS).read(Number.POSITIVE_INFINITY));
  return { points: batch.points, dropped: total(batch) };
}

/** The same series, each with one more label at its very end. */
function withLabelBehind(body: Buffer): Buffer {
  const { timeseries } = fromBinary(WriteRequestSchema, body);
  const label = field(1, Buffer.concat([field(1, Buffer.from('z')), field(2, Buffer.from('y'))]));
  return Buffer.concat(
    timeseries.map((series) =>
      field(1, Buffer.concat([toBinary(TimeSeriesSchema, series), label])),
    ),
  );
}

function readV2(body: Buffer): Read {
  const batch = createBatchLog();
  const store = createMetadataStore(1e6);
  while (requestV2Reader(body, batch, store, DEFAULT_LIMITS).read(Number.POSITIVE_INFINITY));
  return { points: batch.points, dropped: total(batch) };
}

function total({ rejected }: BatchLog): number {
  return Object.values(rejected).reduce((sum, count) => sum + count, 0);
}

function referenceV1(body: Buffer): Read {
  const { timeseries } = fromBinary(WriteRequestSchema, body);
  return {
    points: timeseries.flatMap(({ labels, samples }) =>
      samples.map((sample) => point(labels.map(plain), sample)),
    ),
    dropped: timeseries.flatMap(({ exemplars, histograms }) => [...exemplars, ...histograms])
      .length,
  };
}

function referenceV2(body: Buffer): Read {
  const { symbols, timeseries } = fromBinary(RequestSchema, body);
  return {
    points: timeseries.flatMap(({ labelsRefs, samples }) => {
      const labels = labelsRefs.flatMap((ref, i) =>
        i % 2 === 0 ? [{ name: symbols[ref]!, value: symbols[labelsRefs[i + 1]!]! }] : [],
      );
      return samples.map((sample) => point(labels, sample));
    }),
    dropped: timeseries.flatMap(({ exemplars, histograms }) => [...exemplars, ...histograms])
      .length,
  };
}

function plain({ name, value }: { name: string; value: string }) {
  return { name, value };
}

/** Labels without a value are not there; timestamps are doubles where these can hold them. */
function point(
  labels: readonly { name: string; value: string }[],
  { timestamp, value }: { readonly timestamp: bigint; readonly value: number },
): BatchLog['points'][number] {
  const exact = BigInt(Number(timestamp)) === timestamp;
  const words = new BigUint64Array(new Float64Array([value]).buffer);
  return {
    labels: labels.filter((label) => label.value !== ''),
    timestampMs: exact ? Number(timestamp) : Number.NaN,
    bits: words[0]!,
  };
}

const timestamp = fc.oneof(
  fc.constantFrom(0n, -1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n),
  fc.bigInt({ min: -(10n ** 13n), max: 10n ** 13n }),
);
const samples = fc.array(fc.record({ timestamp, value: fc.double({ noNaN: true }) }), {
  maxLength: 3,
});
const text = fc.string({ unit: 'grapheme', maxLength: 6 });
const dropped = fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 2 });

const requestV1 = fc
  .array(
    fc.record({
      labels: fc.array(fc.record({ name: text, value: text }), { maxLength: 3 }),
      samples,
      exemplars: dropped,
      histograms: dropped,
    }),
    { maxLength: 4 },
  )
  .map((timeseries) => encodeV1({ timeseries }));

const requestV2 = fc
  .array(text, { minLength: 1, maxLength: 5 })
  .chain((symbols) =>
    fc.record({
      symbols: fc.constant(symbols),
      timeseries: fc.array(
        fc.record({
          labelsRefs: fc
            .array(fc.nat(symbols.length - 1), { maxLength: 6 })
            .map((refs) => refs.slice(refs.length % 2)),
          samples,
          exemplars: dropped,
          histograms: dropped,
        }),
        { maxLength: 4 },
      ),
    }),
  )
  .map(encodeV2);

const VERSIONS = [
  { version: '1.0', request: requestV1, read: readV1, reference: referenceV1 },
  { version: '2.0', request: requestV2, read: readV2, reference: referenceV2 },
] as const;

for (const { version, request, read, reference } of VERSIONS) {
  requests(`${version}: what the generated code reads is read by hand`, () => {
    const unknown = field(1000, Buffer.from('x'));
    fc.assert(
      fc.property(request, (body) => {
        assert.equal(read(body), reference(body));
        assert.equal(read(Buffer.concat([unknown, body, unknown])), reference(body));
      }),
      property(300),
    );
  });

  requests(`${version}: damaged bytes are read or refused, and never a bug`, () => {
    const flip = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(request, fc.array(flip, { minLength: 1, maxLength: 4 }), (body, flips) => {
        const bytes = Buffer.from(body);
        for (const [at, byte] of flips) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        try {
          read(bytes);
        } catch (error) {
          assert.instance(error, IngestError);
        }
      }),
      property(1000),
    );
  });
}

requests('1.0: what is expected never changes what is read', () => {
  const bodies = fc.array(requestV1, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(bodies, (once) => {
      const predictor = createSeriesPredictor(1e6);
      const slots: Parameters<typeof createBatchLog>[1] = [];
      for (const body of [...once, ...once, ...once]) {
        const scattered = Buffer.concat([body, withLabelBehind(body)]);
        for (const sent of [body, scattered]) {
          assert.equal(readV1(sent, createBatchLog(predictor, slots)), referenceV1(sent));
        }
      }
    }),
    property(200),
  );
});

requests('1.0: series that come again are read without asking for labels', () => {
  const labels = ['a', 'b'].map((value) => [{ name: '__name__', value }]);
  const samples = [{ timestamp: 1n, value: 2 }];
  const body = encodeV1({ timeseries: labels.map((set) => ({ labels: set, samples })) });
  const predictor = createSeriesPredictor(1e6);
  const slots: Parameters<typeof createBatchLog>[1] = [];
  const asked = [1, 2, 3].map(() => {
    const batch = createBatchLog(predictor, slots);
    readV1(body, batch);
    return batch.asked;
  });
  // What comes before the first is known from the second round on.
  assert.equal(asked, [2, 1, 0]);
});

requests.run();
