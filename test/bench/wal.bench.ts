// What a point costs in the WAL: encoding into a group, framing and checksum, the file aside.
// node dist/test/bench/wal.js

import { createMarker } from '../../storage/coding/log-format.ts';
import type { PointBatch } from '../../storage/index.ts';
import { WalGroup } from '../../storage/wal/group.ts';
import { decodeRecord } from '../../storage/wal/record.ts';

const COUNT = 5000;
const ROUNDS = 2000;
const GROUP_RECORDS = 16;

/** `ids` and `times` by position; values are all different. */
function columns(ids: (i: number) => number, times: (i: number) => number): PointBatch {
  return {
    ids: Uint32Array.from({ length: COUNT }, (_, i) => ids(i)),
    timestampsMs: Float64Array.from({ length: COUNT }, (_, i) => times(i)),
    values: Float64Array.from({ length: COUNT }, (_, i) => Math.sin(i)),
  };
}

const START_MS = 1_700_000_000_000;
const scattered = (i: number): number => (i * 2_654_435_761) % 4000;
const SHAPES: [string, PointBatch][] = [
  [
    'one scrape',
    columns(
      (i) => 1 + i,
      () => START_MS,
    ),
  ],
  ['a fleet', columns(scattered, (i) => START_MS + (i % 10_000))],
  ['history', columns(scattered, (i) => START_MS - i * 86_400_000)],
];

function measure(batch: PointBatch): { encodeNs: number; decodeNs: number; bytes: number } {
  const record = { kind: 'points', batch } as const;
  const marker = createMarker([1]);
  let buffer: Uint8Array | undefined;
  let bytes = 0;
  const run = (rounds: number): void => {
    for (let round = 0; round < rounds; round += GROUP_RECORDS) {
      const group = new WalGroup(1, marker, buffer);
      for (let i = 0; i < GROUP_RECORDS; i++) bytes = group.add(record);
      buffer = group.takeBuffer();
    }
  };
  run(ROUNDS / 4);
  const encodeNs = timePerPoint(() => run(ROUNDS));
  const payload = buffer!.slice(16, bytes);
  const decodeNs = timePerPoint(() => {
    for (let round = 0; round < ROUNDS; round++) decodeRecord(payload, 'bench', 0);
  });
  return { encodeNs, decodeNs, bytes: bytes / COUNT };
}

function timePerPoint(work: () => void): number {
  const startMs = performance.now();
  work();
  return ((performance.now() - startMs) * 1e6) / (ROUNDS * COUNT);
}

const parts = SHAPES.map(([name, batch]) => {
  const { encodeNs, decodeNs, bytes } = measure(batch);
  const figures = `${encodeNs.toFixed(1)} ns in, ${decodeNs.toFixed(1)} ns out`;
  return `${name} ${figures}, ${bytes.toFixed(1)} B`;
});
console.log(`wal, per point: ${parts.join('; ')}`);
