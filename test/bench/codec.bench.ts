// Bytes a point takes at rest by kind of column, next to a plain Gorilla encoding of the same
// points, and what encoding and decoding cost. Blocks as tables have them, zstd included.
// node dist/test/bench/codec.js

import { appendChunk, createChunkWriter, resetChunkWriter } from '../../storage/coding/chunk.ts';
import { decodeChunk, encodeBlock, openBlock } from '../../storage/sstable/block.ts';
import { createTableBuilder } from '../../storage/sstable/writer.ts';
import { METRIC_KINDS, type MetricKind, metricTimes, metricValues } from '../support/metric-mix.ts';
import { gorillaBytes } from './support/gorilla.ts';

interface Series {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

const START_MS = 1_700_006_400_000;
const WINDOW_MS = 7_200_000;
const ROUNDS = 5;

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

/** The blocks of a table, decompressed, with all their chunks. */
function decompressedBlocks(series: readonly Series[]) {
  const writer = createChunkWriter();
  const blocks = [];
  for (let k = 0; k < series.length; k++) {
    appendChunk(writer, k + 1, series[k]!.timestampsMs, series[k]!.values);
    if (writer.values.streamBytes + writer.times.streamBytes > 65_536 || k === series.length - 1) {
      blocks.push(openBlock(encodeBlock(writer), 'bench', 0));
      resetChunkWriter(writer);
    }
  }
  return blocks;
}

function decodeAll(blocks: ReturnType<typeof decompressedBlocks>): number {
  let points = 0;
  for (const block of blocks) {
    block.decodedTimes.fill(undefined);
    for (let k = 0; k < block.ids.length; k++) points += decodeChunk(block, k).values.length;
  }
  return points;
}

/** The best of some rounds, ns per point. */
function timePerPoint(points: number, work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    work();
    best = Math.min(best, performance.now() - startMs);
  }
  return (best * 1e6) / points;
}

function row(name: string, series: readonly Series[]): string {
  const points = series.reduce((sum, { values }) => sum + values.length, 0);
  const gorilla = series.reduce((sum, s) => sum + gorillaBytes(s.timestampsMs, s.values), 0);
  const bytes = tableBytes(series);
  const encodeNs = timePerPoint(points, () => tableBytes(series));
  const blocks = decompressedBlocks(series);
  const decodeNs = timePerPoint(points, () => decodeAll(blocks));
  const openNs = timePerPoint(points, () => decompressedBlocks(series)) - encodeNs;
  return [
    name.padEnd(30),
    (gorilla / points).toFixed(2).padStart(8),
    (bytes / points).toFixed(2).padStart(8),
    encodeNs.toFixed(1).padStart(10),
    Math.max(0, openNs).toFixed(1).padStart(10),
    decodeNs.toFixed(1).padStart(10),
  ].join('');
}

const kinds = [...new Set(METRIC_KINDS)];
const tables: [string, Series[]][] = [
  ...kinds.map((kind): [string, Series[]] => [kind, seriesOf([kind], 400, 10_000, 0)]),
  ['the mix, 10 s', seriesOf(METRIC_KINDS, 1000, 10_000, 0)],
  ['the mix, 10 s, jitter 20 ms', seriesOf(METRIC_KINDS, 1000, 10_000, 20)],
  ['temperature, 1 min, jitter', seriesOf(['temperature'], 2000, 60_000, 1000)],
  ['devices, 1 min, jitter', seriesOf(['temperature', 'battery'], 2000, 60_000, 1000)],
];
console.log(
  'bytes a point, ns a point'.padEnd(30),
  ' gorilla   varve    encode      open    decode',
);
for (const [name, series] of tables) console.log(row(name, series));
