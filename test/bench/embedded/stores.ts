// The stores that are compared: varve through `openStorage`, two B-trees and an LSM tree, each
// synced once a batch, and with no other options than those which make that so.

import { join } from 'node:path';
import { createNodeEnv, openStorage } from '../../../storage/index.ts';
import { toLabels } from '../../support/write-requests.ts';
import { requireInstalled } from '../support/npm-packages.ts';
import { type EmbeddedStore, encodedValue, keyOf } from './store.ts';

const PACKAGES = { 'better-sqlite3': '12.11.1', lmdb: '3.5.6', 'classic-level': '3.0.0' };

type OpenStore = (dir: string, series: number) => Promise<EmbeddedStore>;

/** In the order of the table; what is not installed yet is now. */
export function embeddedStores(): readonly OpenStore[] {
  const require = requireInstalled(PACKAGES);
  return [
    openVarve,
    async (dir) => openSqlite(require('better-sqlite3') as SqliteModule, dir),
    async (dir) => openLmdb(require('lmdb') as LmdbModule, dir),
    (dir) => openLevel(require('classic-level') as LevelModule, dir),
  ];
}

async function openVarve(dir: string, series: number): Promise<EmbeddedStore> {
  const env = createNodeEnv();
  const storage = await openStorage(dir, env, { reserveBytes: 1 });
  const labelsOf = (id: number) => toLabels({ __name__: 'point', series: String(id) });
  await storage.resolve(Array.from({ length: series }, (_, k) => labelsOf(k + 1)));
  return {
    name: 'varve',
    append: (batch) => storage.append(batch),
    async settle() {
      await storage.flush();
      await storage.compact();
    },
    async read(id, startMs, endMs) {
      const selectors = [[{ type: '=', name: 'series', value: String(id) }]] as const;
      let count = 0;
      let sum = 0;
      for await (const batch of storage.scan({ selectors, startMs, endMs })) {
        for (const { values } of batch) {
          count += values.length;
          for (const value of values) sum += value;
        }
      }
      return { count, sum };
    },
    async close() {
      await storage.close();
      await env.compute.close();
    },
  };
}

type SqliteModule = new (path: string) => SqliteDatabase;

/** What of better-sqlite3 is used here. */
interface SqliteDatabase {
  pragma(text: string): unknown;
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  transaction<Args extends unknown[]>(task: (...args: Args) => void): (...args: Args) => void;
  close(): void;
}

interface SqliteStatement {
  run(...parameters: number[]): void;
  raw(): { iterate(...parameters: number[]): Iterable<readonly [number, number]> };
}

function openSqlite(Database: SqliteModule, dir: string): EmbeddedStore {
  const database = new Database(join(dir, 'points.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec(
    `CREATE TABLE points (series INTEGER, t INTEGER, v REAL, PRIMARY KEY (series, t))
     WITHOUT ROWID`,
  );
  const insert = database.prepare('INSERT OR REPLACE INTO points VALUES (?, ?, ?)');
  const select = database
    .prepare('SELECT t, v FROM points WHERE series = ? AND t >= ? AND t < ?')
    .raw();
  const append = database.transaction((ids: Uint32Array, t: Float64Array, v: Float64Array) => {
    for (let i = 0; i < ids.length; i++) insert.run(ids[i]!, t[i]!, v[i]!);
  });
  return {
    name: 'better-sqlite3',
    append: async ({ ids, timestampsMs, values }) => append(ids, timestampsMs, values),
    settle: async () => void database.pragma('wal_checkpoint(TRUNCATE)'),
    async read(id, startMs, endMs) {
      let count = 0;
      let sum = 0;
      for (const [, value] of select.iterate(id, startMs, endMs)) {
        count++;
        sum += value;
      }
      return { count, sum };
    },
    close: async () => database.close(),
  };
}

/** What of lmdb is used here. */
interface LmdbModule {
  open(options: object): {
    transactionSync(task: () => void): void;
    put(key: Buffer, value: Buffer): unknown;
    getRange(range: { start: Buffer; end: Buffer }): Iterable<{ readonly value: Buffer }>;
    close(): Promise<void>;
  };
}

function openLmdb({ open }: LmdbModule, dir: string): EmbeddedStore {
  const database = open({ path: join(dir, 'points'), keyEncoding: 'binary', encoding: 'binary' });
  return {
    name: 'lmdb',
    async append({ ids, timestampsMs, values }) {
      database.transactionSync(() => {
        for (let i = 0; i < ids.length; i++) {
          database.put(keyOf(ids[i]!, timestampsMs[i]!), encodedValue(values[i]!));
        }
      });
    },
    async settle() {},
    async read(id, startMs, endMs) {
      let count = 0;
      let sum = 0;
      const range = { start: keyOf(id, startMs), end: keyOf(id, endMs) };
      for (const { value } of database.getRange(range)) {
        count++;
        sum += value.readDoubleLE(0);
      }
      return { count, sum };
    },
    close: () => database.close(),
  };
}

/** What of classic-level is used here. */
interface LevelModule {
  readonly ClassicLevel: new (path: string, options: object) => LevelDatabase;
}

interface LevelDatabase {
  open(): Promise<void>;
  batch(operations: readonly object[], options: { readonly sync: boolean }): Promise<void>;
  compactRange(start: Buffer, end: Buffer): Promise<void>;
  values(range: object): { all(): Promise<readonly Buffer[]> };
  close(): Promise<void>;
}

async function openLevel({ ClassicLevel }: LevelModule, dir: string): Promise<EmbeddedStore> {
  const path = join(dir, 'points');
  const database = new ClassicLevel(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await database.open();
  return {
    name: 'classic-level',
    append({ ids, timestampsMs, values }) {
      const operations = Array.from(ids, (id, i) => ({
        type: 'put',
        key: keyOf(id, timestampsMs[i]!),
        value: encodedValue(values[i]!),
      }));
      return database.batch(operations, { sync: true });
    },
    settle: () => database.compactRange(keyOf(0, 0), keyOf(2 ** 32 - 1, 0)),
    async read(id, startMs, endMs) {
      const found = await database.values({ gte: keyOf(id, startMs), lt: keyOf(id, endMs) }).all();
      return {
        count: found.length,
        sum: found.reduce((sum, value) => sum + value.readDoubleLE(0), 0),
      };
    },
    close: () => database.close(),
  };
}
