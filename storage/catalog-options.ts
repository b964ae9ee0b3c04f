// What the catalog stands on: files, the manifest, and how tables are opened.

import type { FileSystem } from './env/env.ts';
import type { CorruptionError } from './errors.ts';
import type { IndexTableMeta, TableMeta } from './manifest/edit.ts';
import type { ManifestLog } from './manifest/log.ts';
import type { Table } from './sstable/reader.ts';
import type { IndexTable } from './tag-index/table.ts';
import type { Generation } from './version.ts';

export interface CatalogOptions {
  /** The data directory. */
  readonly dir: string;
  readonly fs: FileSystem;
  readonly log: ManifestLog;
  readonly active: Generation;
  openTable(meta: TableMeta, path: string): Promise<Table>;
  openIndexTable(meta: IndexTableMeta, path: string): Promise<IndexTable>;
  /** The table with this number, open: remembered, or opened. */
  keepTable(number: number, open: () => Promise<Table>): Table | Promise<Table>;
  /** Lets go of what the readers of a file share. */
  closeFile(path: string): Promise<void>;
  /** A table is live no more: caches may let go of it. */
  tableGone(number: number): void;
  /** A table of the tag index cannot be read; the catalog goes on without it. */
  damaged(error: CorruptionError): void;
  /** The manifest does not take an edit, for the reason given. */
  manifestFailed(cause: Error): void;
  /** A file that nobody needs could not be closed or unlinked; the next start removes it. */
  cleanupFailed(error: Error): void;
}
