// What a point costs in the WAL: encoding into a group, framing and checksum, the file aside.

import { createMarker } from '../../storage/coding/log-format.ts';
import type { PointBatch } from '../../storage/index.ts';
import { WalGroup } from '../../storage/wal/group.ts';
import { decodeRecord } from '../../storage/wal/record.ts';
import { figure } from './support/figure.ts';
import { writeReport } from './support/report.ts';

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

interface Outcome {
  readonly name: string;
  /** ns a point. */
  readonly encodeNs: number;
  readonly decodeNs: number;
  /** Of the log, for a point. */
  readonly bytes: number;
}

function measure(name: string, batch: PointBatch): Outcome {
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
  return { name, encodeNs, decodeNs, bytes: bytes / COUNT };
}

function timePerPoint(work: () => void): number {
  const startMs = performance.now();
  work();
  return ((performance.now() - startMs) * 1e6) / (ROUNDS * COUNT);
}

const outcomes = SHAPES.map(([name, batch]) => measure(name, batch));
const [scrape] = outcomes;

writeReport({
  name: 'wal',
  title: 'The write-ahead log',
  headline: [
    `A point of one scrape takes ${figure(scrape!.encodeNs)} ns and ${figure(scrape!.bytes)} bytes`,
    `in the log, and ${figure(scrape!.decodeNs)} ns to replay.`,
  ].join(' '),
  about: [
    `Batches of ${figure(COUNT)} points with different values, ${GROUP_RECORDS} of them to a group`,
    'that shares an fsync; encoded, framed and checksummed, the file aside. *One scrape* has one',
    'timestamp and ascending series, *a fleet* scattered series and timestamps within 10 s,',
    '*history* scattered series and a day between neighbours.',
  ].join(' '),
  columns: ['batch', 'in ns', 'out ns', 'B / point'],
  rows: outcomes.map(({ name, encodeNs, decodeNs, bytes }) => [name, encodeNs, decodeNs, bytes]),
});
