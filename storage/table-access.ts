// The tables of a Version that a reader asks, and what becomes of those that are damaged.

import type { Core } from './core.ts';
import { CorruptionError, toError } from './errors.ts';
import type { TableContent } from './sstable/format.ts';
import type { Table } from './sstable/reader.ts';
import type { ScanRequest, TimeRange } from './types.ts';
import type { TableFile, Version, WindowTables } from './version.ts';

export function windowsIn(
  version: Version,
  { startMs, endMs }: TimeRange,
): readonly WindowTables[] {
  const { windows } = version.parts;
  return windows.filter((window) => window.startMs < endMs && window.endMs > startMs);
}

/** Tables of a kind that have something in the range, oldest first. */
export function tablesIn(
  version: Version,
  range: TimeRange,
  kind: TableContent = 'points',
): TableFile[] {
  return tablesOf(windowsIn(version, range), range, kind);
}

/** The same, of some windows. */
export function tablesOf(
  windows: readonly WindowTables[],
  { startMs, endMs }: TimeRange,
  kind: TableContent,
): TableFile[] {
  return windows
    .flatMap((window) => window.tables)
    .filter(({ meta }) => meta.kind === kind)
    .filter(({ meta }) => meta.minTimestampMs < endMs && meta.maxTimestampMs >= startMs)
    .sort((a, b) => a.meta.sequence - b.meta.sequence);
}

/** The table's reader; a table that cannot be opened is reported and put aside. */
export function readerOf(
  file: TableFile,
  request: Pick<ScanRequest, 'onCorruption'>,
  core: Core,
): Promise<Table | undefined> {
  return orReport(file.reader(), request, core, () => quarantine(file, core));
}

/** What is damaged is reported and passed over. */
export const PASS_OVER = { onCorruption: () => undefined };

/** The series of a table; undefined when it is damaged, which is reported. */
export async function seriesIdsOf(file: TableFile, core: Core): Promise<Uint32Array | undefined> {
  const table = await readerOf(file, PASS_OVER, core);
  return table && (await orReport(table.seriesIds(), PASS_OVER, core));
}

/** Damage is always reported; whether it ends the scan is the caller's choice. */
export async function orReport<T>(
  reading: T | Promise<T>,
  request: Pick<ScanRequest, 'onCorruption'>,
  core: Core,
  onDamage?: () => void,
): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    core.settings.listener.corruption?.(error);
    if (!error.isOtherVersion) onDamage?.();
    if (request.onCorruption === undefined) throw error;
    request.onCorruption(error);
    return undefined;
  }
}

/** The scan goes on meanwhile; what fails is tried again by the next scan that meets the table. */
function quarantine(file: TableFile, { catalog, settings }: Core): void {
  catalog.quarantine(file).catch((error: unknown) => {
    settings.listener.backgroundError?.(toError(error));
  });
}
