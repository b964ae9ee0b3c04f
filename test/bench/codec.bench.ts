// Bytes a point takes at rest by kind of column, next to a plain Gorilla encoding of the same
// points, and what encoding and decoding cost. Blocks as tables have them, zstd included.

import { appendChunk, createChunkWriter, resetChunkWriter } from '../../storage/coding/chunk.ts';
import { decodeChunk, encodeBlock, openBlock } from '../../storage/sstable/block.ts';
import { createTableBuilder } from '../../storage/sstable/writer.ts';
import { METRIC_KINDS, type MetricKind, metricTimes, metricValues } from '../support/metric-mix.ts';
import { gorillaBytes } from './support/gorilla.ts';
import { writeReport } from './support/report.ts';
import { shortestMs } from './support/timing.ts';

type OpenBlock = ReturnType<typeof openBlock>;

interface Series {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

const START_MS = 1_700_006_400_000;
const WINDOW_MS = 7_200_000;
const ROUNDS = 5;
/** Before compression, as tables have them. */
const BLOCK_BYTES = 65_536;

function seriesOf(
  kinds: readonly MetricKind[],
  count: number,
  stepMs: number,
  jitterMs: number,
): Series[] {
  const points = WINDOW_MS / stepMs;
  return Array.from({ length: count }, (_, k) => {
    const source = Math.floor(k / kinds.length);
    return {
      timestampsMs: metricTimes(START_MS, stepMs, jitterMs, points, source),
      values: metricValues(kinds[k % kinds.length]!, points, k),
    };
  });
}

function tableBytes(series: readonly Series[]): number {
  const builder = createTableBuilder({
    policyId: 1,
    windowStartMs: START_MS,
    windowEndMs: START_MS + WINDOW_MS,
  });
  series.forEach(({ timestampsMs, values }, k) => {
    builder.add(k + 1, timestampsMs, values, 0, values.length);
    builder.drain();
  });
  return builder.finish().sizeBytes;
}

/** The blocks of a table as they are on disk, with all their chunks. */
function encodedBlocks(series: readonly Series[]): Uint8Array[] {
  const writer = createChunkWriter();
  const blocks: Uint8Array[] = [];
  series.forEach(({ timestampsMs, values }, k) => {
    appendChunk(writer, k + 1, timestampsMs, values);
    const isFull = writer.values.streamBytes + writer.times.streamBytes > BLOCK_BYTES;
    if (!isFull && k < series.length - 1) return;
    blocks.push(encodeBlock(writer).slice());
    resetChunkWriter(writer);
  });
  return blocks;
}

function decodeAll(blocks: readonly OpenBlock[]): number {
  let points = 0;
  for (const block of blocks) {
    block.decodedTimes.fill(undefined);
    for (let k = 0; k < block.ids.length; k++) points += decodeChunk(block, k).values.length;
  }
  return points;
}

interface Outcome {
  readonly name: string;
  /** Bytes a point. */
  readonly gorilla: number;
  readonly varve: number;
  /** ns a point. */
  readonly encodeNs: number;
  readonly openNs: number;
  readonly decodeNs: number;
}

function measure(name: string, series: readonly Series[]): Outcome {
  const points = series.reduce((sum, { values }) => sum + values.length, 0);
  const gorilla = series.reduce((sum, s) => sum + gorillaBytes(s.timestampsMs, s.values), 0);
  const nsPerPoint = (work: () => void) => (shortestMs(ROUNDS, work) * 1e6) / points;
  const encoded = encodedBlocks(series);
  const openAll = () => encoded.map((bytes) => openBlock(bytes, 'bench', 0));
  const blocks = openAll();
  return {
    name,
    gorilla: gorilla / points,
    varve: tableBytes(series) / points,
    encodeNs: nsPerPoint(() => tableBytes(series)),
    openNs: nsPerPoint(openAll),
    decodeNs: nsPerPoint(() => decodeAll(blocks)),
  };
}

const kinds = [...new Set(METRIC_KINDS)];
const mix = measure('the mix, 10 s', seriesOf(METRIC_KINDS, 1000, 10_000, 0));
const outcomes = [
  mix,
  ...kinds.map((kind) => measure(`${kind}, 10 s`, seriesOf([kind], 400, 10_000, 0))),
  measure('the mix, 10 s, jitter 20 ms', seriesOf(METRIC_KINDS, 1000, 10_000, 20)),
  measure('temperature, 1 min, jitter 1 s', seriesOf(['temperature'], 2000, 60_000, 1000)),
  measure('devices, 1 min, jitter 1 s', seriesOf(['temperature', 'battery'], 2000, 60_000, 1000)),
];

writeReport({
  name: 'codec',
  title: 'The codec: size and speed',
  headline: [
    `The mix takes ${mix.varve.toFixed(2)} bytes a point (plain Gorilla:`,
    `${mix.gorilla.toFixed(2)}), ${mix.encodeNs.toFixed(0)} ns to encode and`,
    `${mix.decodeNs.toFixed(1)} ns to decode.`,
  ].join(' '),
  about: [
    'One table of one window of 2 h, series after series, on one thread. *Encode* is from columns',
    'to the bytes of the file, zstd included; *open* is decompression and the check of a block;',
    '*decode* is from an open block to columns. *Devices* are temperatures of one decimal and',
    'batteries of two, with a point every minute at irregular times. Plain Gorilla (delta of',
    'delta, XOR) has one block a series.',
  ].join(' '),
  columns: ['data', 'Gorilla B / point', 'varve B / point', 'encode ns', 'open ns', 'decode ns'],
  rows: outcomes.map(({ name, gorilla, varve, encodeNs, openNs, decodeNs }) => [
    name,
    gorilla,
    varve,
    encodeNs,
    openNs,
    decodeNs,
  ]),
  plot: {
    kind: 'bars',
    title: 'At rest; plain Gorilla in grey',
    unit: 'bytes a point',
    bars: outcomes.flatMap(({ name, gorilla, varve }) => [
      { label: name, value: varve },
      { label: '', value: gorilla, isReference: true },
    ]),
  },
});
