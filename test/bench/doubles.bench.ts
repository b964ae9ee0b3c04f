// Ways to lay out full doubles, bytes a point behind the same zstd: what was tried before
// storage/coding/bit-patterns.ts was chosen.

import { compressFrame, frameBytesMax } from '../../storage/coding/zstd.ts';
import { createTableBuilder } from '../../storage/sstable/writer.ts';
import { createRng, type Rng } from '../sim/rng.ts';
import { writeReport } from './support/report.ts';

const SERIES = 40;
const POINTS = 720;
const STEP_MS = 10_000;

type Layout = (columns: readonly BigUint64Array[]) => number;

const layouts: Record<string, Layout> = {
  'as they are': (columns) => columns.reduce((sum, x) => sum + compressedBytes(bytesOf(x)), 0),
  planes: (columns) => planeBytes(columns, (x, i) => x[i]!),
  'XOR planes': (columns) => planeBytes(columns, (x, i) => x[i]! ^ (i > 0 ? x[i - 1]! : 0n)),
  'delta planes': (columns) => planeBytes(columns, (x, i) => zigzag(x[i]! - (x[i - 1] ?? 0n))),
  'level planes': (columns) => planeBytes(columns, (x, i) => zigzag(x[i]! - x[POINTS / 2]!)),
  'ALP-RD': (columns) => columns.reduce((sum, x) => sum + alpRdBytes(x), 0),
  varve: tableBytes,
};

const sources: Record<string, (rng: Rng, k: number) => () => number> = {
  'a walk': (rng) => {
    let level = 100 * rng.next();
    return () => {
      level += normal(rng) * 0.2;
      return level;
    };
  },
  'a wave with noise': (rng, k) => {
    let i = k * 37;
    return () => 50 + 20 * Math.sin(i++ / 100) + normal(rng) * 0.5;
  },
  uniform: (rng) => () => rng.next() * 100 + rng.next() * 1e-7,
  latencies: (rng) => () => -Math.log(1 - rng.next()) * 0.1,
  ratios: (rng) => () => rng.below(1000) / (1000 + rng.below(1000)),
};

function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.next())) * Math.cos(2 * Math.PI * rng.next());
}

function bytesOf(x: BigUint64Array): Uint8Array {
  return new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
}

function zigzag(difference: bigint): bigint {
  const signed = BigInt.asIntN(64, difference);
  return BigInt.asUintN(64, (signed << 1n) ^ (signed >> 63n));
}

function compressedBytes(bytes: Uint8Array): number {
  const frame = new Uint8Array(frameBytesMax(bytes.length));
  return Math.min(bytes.length, compressFrame(frame, bytes));
}

/** Each of the eight planes of all columns is compressed by itself. */
function planeBytes(
  columns: readonly BigUint64Array[],
  residual: (x: BigUint64Array, i: number) => bigint,
): number {
  const residuals = BigUint64Array.from(
    columns.flatMap((x) => Array.from(x, (_, i) => residual(x, i))),
  );
  const bytes = bytesOf(residuals);
  let sum = 0;
  for (let plane = 0; plane < 8; plane++) {
    sum += compressedBytes(Uint8Array.from(residuals, (_, i) => bytes[8 * i + plane]!));
  }
  return sum;
}

/**
 * ALP for real doubles (Afroozeh, Kuffo, Boncz 2024): the left bits through a dictionary of at most
 * eight, exceptions of 4 B; the right bits as they are. The best cut for each column.
 */
function alpRdBytes(x: BigUint64Array): number {
  let best = Number.POSITIVE_INFINITY;
  for (let right = 48; right < 64; right++) {
    const counts = new Map<bigint, number>();
    for (const bits of x) {
      const left = bits >> BigInt(right);
      counts.set(left, (counts.get(left) ?? 0) + 1);
    }
    const dictionary = [...counts.values()].sort((a, b) => b - a).slice(0, 8);
    const covered = dictionary.reduce((sum, count) => sum + count, 0);
    const codeBits = Math.ceil(Math.log2(Math.max(2, dictionary.length)));
    const bits = x.length * (right + codeBits) + dictionary.length * 16;
    best = Math.min(best, bits / 8 + (x.length - covered) * 4);
  }
  return best;
}

function tableBytes(columns: readonly BigUint64Array[]): number {
  const windowEndMs = POINTS * STEP_MS;
  const builder = createTableBuilder({ policyId: 1, windowStartMs: 0, windowEndMs });
  const timestampsMs = Float64Array.from({ length: POINTS }, (_, i) => i * STEP_MS);
  columns.forEach((x, k) => {
    builder.add(k + 1, timestampsMs, new Float64Array(x.buffer), 0, POINTS);
  });
  return builder.finish().sizeBytes;
}

const names = Object.keys(layouts);
const rows = Object.entries(sources).map(([name, source]) => {
  const columns = Array.from({ length: SERIES }, (_, k) => {
    const next = source(createRng(k + 1), k);
    return new BigUint64Array(Float64Array.from({ length: POINTS }, () => next()).buffer);
  });
  return [name, ...Object.values(layouts).map((layout) => layout(columns) / SERIES / POINTS)];
});
const walk = rows[0]!;

writeReport({
  name: 'doubles',
  title: 'Layouts of full doubles',
  headline: [
    `A random walk of full doubles takes ${Number(walk[names.indexOf('varve') + 1]).toFixed(2)}`,
    `bytes a point, ${Number(walk[names.indexOf('as they are') + 1]).toFixed(2)} as it is.`,
  ].join(' '),
  about: [
    `Bytes a point of ${SERIES} series of ${POINTS} points behind the same zstd. *Planes* are the`,
    'first bytes of all points, then the second, and so on, each compressed by itself: of the',
    'doubles, of their XOR or difference with the one before, of their difference with one in the',
    'middle. *ALP-RD* is that of Afroozeh, Kuffo and Boncz (2024) with the best cut for each',
    'series. *varve* is a whole table, with timestamps and index.',
  ].join(' '),
  columns: ['data', ...names],
  rows,
});
