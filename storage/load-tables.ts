// The blocks that a scan needs of tables, from the cache or from disk.

import type { Core } from './core.ts';
import type { LoadedTable } from './slice-reader.ts';
import type { SliceTombstone } from './slice-types.ts';
import type { Block } from './sstable/block.ts';
import { decodedBytes } from './sstable/decoded-block.ts';
import { keepDecoded, type PointBlock, pointsOf } from './sstable/point-block.ts';
import { orReport, readerOf } from './table-access.ts';
import { tombstonesOver } from './tombstones/hidden.ts';
import type { ScanRequest, TimeRange } from './types.ts';
import type { TableFile, Version } from './version.ts';

/** Up to here each id is asked of a table's filter before any block is looked for. */
const FILTER_IDS_MAX = 64;

/** A table that points are read of, and when. */
export interface TablePart {
  readonly file: TableFile;
  /** Of the scan, what is not hidden: from the first to the last of it. */
  readonly range: TimeRange;
  readonly hidden: readonly SliceTombstone[];
}

/** What of `parts`, oldest first, series of the slice have in the ranges of these. */
export async function loadTables(
  { parts: { deletions } }: Version,
  parts: readonly TablePart[],
  slice: Uint32Array,
  request: ScanRequest,
  core: Core,
  touched: Set<TableFile>,
): Promise<LoadedTable[]> {
  const first = slice[0]!;
  const last = slice[slice.length - 1]!;
  const loaded: LoadedTable[] = [];
  for (const { file, range, hidden } of parts) {
    if (file.meta.firstSeries > last || file.meta.lastSeries < first) continue;
    request.signal?.throwIfAborted();
    const blocks = await loadBlocks(file, slice, range, request, core);
    if (blocks.length === 0) continue;
    const tombstones = tombstonesOver(deletions, file.meta, range);
    loaded.push({ blocks, tombstones: [...tombstones, ...hidden] });
    if (!touched.has(file)) core.counters.scanTables++;
    touched.add(file);
  }
  return loaded;
}

async function loadBlocks(
  file: TableFile,
  slice: Uint32Array,
  range: TimeRange,
  request: ScanRequest,
  core: Core,
): Promise<PointBlock[]> {
  const table = await readerOf(file, request, core);
  if (table === undefined) return [];
  const wanted =
    slice.length <= FILTER_IDS_MAX ? slice.filter((id) => table.mayContain(id)) : slice;
  const { cost } = request;
  if (wanted.length === 0) {
    if (cost !== undefined) cost.tablesSkipped++;
    return [];
  }
  const numbers = table.blocksFor(wanted, range.startMs, range.endMs);
  core.counters.blocksRead += numbers.length;
  if (cost !== undefined) cost.blocksCached += numbers.length;
  const load = (number: number) => {
    if (cost !== undefined) {
      cost.blocksCached--;
      cost.blocksRead++;
      cost.bytesRead += table.blocks[number]!.handle.size;
    }
    return table.readBlock(number);
  };
  const blocks = await Promise.all(
    numbers.map(async (number) => {
      const reading = core.blockCache.get(file.meta.number, number, () => load(number));
      const block = await orReport(reading, request, core);
      return block && pointsIn(file, number, block, core);
    }),
  );
  return blocks.filter((block) => block !== undefined);
}

/** Kept decoded, if the block is used often enough. */
function pointsIn(
  { meta }: TableFile,
  number: number,
  block: Block,
  { blockCache }: Core,
): PointBlock {
  const keep = () => keepDecoded(block);
  const kept = blockCache.derived(meta.number, number, decodedBytes(block), keep);
  return kept ?? pointsOf(block);
}
