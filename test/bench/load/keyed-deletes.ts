// The same points in stores without windows, where what is old goes key by key: LevelDB and SQLite,
// each with its usual binding's settings and one transaction or batch at a time.

import { readFileSync } from 'node:fs';
import { requireInstalled } from '../support/npm-packages.ts';

const PACKAGES = { 'classic-level': '3.0.0', 'better-sqlite3': '12.11.1' };
const BATCH = 10_000;

export interface KeyedPoint {
  readonly series: number;
  readonly timestampMs: number;
  readonly value: number;
}

/** The points of one window, and whether they are past their keep. */
export type KeyedPoints = (window: number) => {
  readonly points: readonly KeyedPoint[];
  readonly isGoing: boolean;
};

export interface KeyedDelete {
  readonly name: string;
  readonly points: number;
  readonly deleteMs: number;
  /** Written by this process meanwhile. */
  readonly writtenBytes: number;
}

interface LevelOperation {
  readonly type: 'put' | 'del';
  readonly key: string;
  readonly value?: string;
}

interface Level {
  batch(operations: readonly LevelOperation[]): Promise<void>;
  close(): Promise<void>;
}

export async function deleteFromLevel(
  dir: string,
  pointsOf: KeyedPoints,
  windows: number,
): Promise<KeyedDelete> {
  const { ClassicLevel } = requireInstalled(PACKAGES)('classic-level') as {
    ClassicLevel: new (dir: string) => Level;
  };
  const level = new ClassicLevel(dir);
  try {
    await eachBatch(pointsOf, windows, false, (points) =>
      level.batch(
        points.map((point) => ({ type: 'put', key: keyOf(point), value: String(point.value) })),
      ),
    );
    return await measured('LevelDB (classic-level), batches of deletes', () =>
      eachBatch(pointsOf, windows, true, (points) =>
        level.batch(points.map((point) => ({ type: 'del', key: keyOf(point) }))),
      ),
    );
  } finally {
    await level.close();
  }
}

interface Statement {
  run(...values: number[]): unknown;
}

interface Sqlite {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export async function deleteFromSqlite(
  file: string,
  pointsOf: KeyedPoints,
  windows: number,
): Promise<KeyedDelete> {
  const Database = requireInstalled(PACKAGES)('better-sqlite3') as new (file: string) => Sqlite;
  const db = new Database(file);
  try {
    db.exec('PRAGMA journal_mode = WAL');
    db.exec(
      'CREATE TABLE points (series INTEGER, time INTEGER, value REAL, ' +
        'PRIMARY KEY (series, time)) WITHOUT ROWID',
    );
    const insert = db.prepare('INSERT INTO points VALUES (?, ?, ?)');
    await eachBatch(pointsOf, windows, false, async (points) => {
      db.exec('BEGIN');
      for (const { series, timestampMs, value } of points) insert.run(series, timestampMs, value);
      db.exec('COMMIT');
    });
    const remove = db.prepare('DELETE FROM points WHERE series = ? AND time = ?');
    return await measured('SQLite (better-sqlite3), transactions of deletes', () =>
      eachBatch(pointsOf, windows, true, async (points) => {
        db.exec('BEGIN');
        for (const { series, timestampMs } of points) remove.run(series, timestampMs);
        db.exec('COMMIT');
      }),
    );
  } finally {
    db.close();
  }
}

/** All points, or those that go, in batches; how many there were. */
async function eachBatch(
  pointsOf: KeyedPoints,
  windows: number,
  goingOnly: boolean,
  take: (points: readonly KeyedPoint[]) => Promise<void>,
): Promise<number> {
  let batch: KeyedPoint[] = [];
  let count = 0;
  for (let window = 0; window < windows; window++) {
    const { points, isGoing } = pointsOf(window);
    if (goingOnly && !isGoing) continue;
    batch.push(...points);
    count += points.length;
    if (batch.length < BATCH && window < windows - 1) continue;
    await take(batch);
    batch = [];
  }
  if (batch.length > 0) await take(batch);
  return count;
}

async function measured(name: string, work: () => Promise<number>): Promise<KeyedDelete> {
  const written = bytesWritten();
  const began = performance.now();
  const points = await work();
  const deleteMs = performance.now() - began;
  return { name, points, deleteMs, writtenBytes: bytesWritten() - written };
}

/** Of this process, its threads included, by all write calls. */
function bytesWritten(): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

/** Sorted by series, then by time, as text. */
function keyOf({ series, timestampMs }: KeyedPoint): string {
  return `${String(series).padStart(7, '0')}/${String(timestampMs).padStart(14, '0')}`;
}
