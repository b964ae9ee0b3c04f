// A table of points or of events: what its footer and block index say, and with `verify` whether
// every block agrees.

import type { FileSystem } from '../env/env.ts';
import { CorruptionError } from '../errors.ts';
import type { EventBatch } from '../event-types.ts';
import { compareEvents } from '../events/event-columns.ts';
import {
  asEventTable,
  type EventTable,
  joinEvents,
  openTableOfKind,
  readText,
  timesOf,
} from '../events/event-table.ts';
import { type Block, decodeChunk, lowerBound } from '../sstable/block.ts';
import type { BlockInfo } from '../sstable/block-index.ts';
import { FOOTER_BYTES } from '../sstable/footer.ts';
import type { TableKind, TableSummary } from '../sstable/format.ts';
import type { Table } from '../sstable/reader.ts';
import { damage, damageOf, fact, type InspectLines } from './line.ts';
import { bytes, bytesPer, count, number, span, time } from './words.ts';

/** A timestamp and a value in memory. */
const POINT_BYTES = 16;

export interface TableInspection {
  readonly fs: FileSystem;
  readonly path: string;
  readonly kind: TableKind;
  readonly verify: boolean;
  /** What the manifest says that is in it. */
  readonly expected?: TableSummary;
}

export async function* inspectTable(inspection: TableInspection): InspectLines {
  const { fs, path, kind, verify, expected } = inspection;
  const file = await fs.open(path);
  try {
    const table = await openTableOfKind(kind, file, path);
    yield* summaryLines(table);
    const difference = expected && differentField(table.summary, expected);
    if (difference !== undefined) {
      yield damage(path, table.summary.sizeBytes - FOOTER_BYTES, difference);
    }
    if (verify) yield* verifyBlocks(table);
    if (verify && table.kind === 'events') yield* verifyTexts(asEventTable(table));
  } finally {
    await file.close();
  }
}

async function* summaryLines({ kind, path, summary, footer, bloom, blocks }: Table): InspectLines {
  const { sizeBytes, pointCount, seriesCount } = summary;
  const [name, thing] = kind === 'points' ? ['SSTable', 'point'] : ['table of events', 'event'];
  yield fact(`${path}: ${name}, ${bytes(sizeBytes)}`);
  yield fact(
    `policy ${summary.policyId}, window ${time(summary.windowStartMs)} up to ` +
      `${time(summary.windowEndMs)} (excluded)`,
  );
  const ratio = ((pointCount * POINT_BYTES) / sizeBytes).toFixed(1);
  const saved = kind === 'points' ? `, ${ratio}x` : '';
  yield fact(
    `${count(pointCount, thing)} of ${number(seriesCount)} series, ` +
      `${bytesPer(thing, sizeBytes, pointCount)}${saved}`,
  );
  yield fact(`series ids: ${span(summary.firstSeries, summary.lastSeries)}`);
  yield fact(`time: ${span(time(summary.minTimestampMs), time(summary.maxTimestampMs))}`);
  const bits = bloom.bits.length * 8;
  const bitsPerSeries = (bits / seriesCount).toFixed(1);
  const falsePositives = (1 - Math.exp((-bloom.probes * seriesCount) / bits)) ** bloom.probes;
  yield fact(
    `bloom filter: ${bytes(footer.bloom.size)}, ${bitsPerSeries} bits a series, ` +
      `${count(bloom.probes, 'probe')}, ${(falsePositives * 100).toFixed(2)}% false positives`,
  );
  yield fact(`series set: ${bytes(footer.seriesIds.size)}`);
  yield fact(`block index: ${bytes(footer.index.size)}, ${count(blocks.length, 'block')}`);
  for (const [position, block] of blocks.entries()) yield fact(blockLine(position, block, thing));
}

function blockLine(position: number, info: BlockInfo, thing: string): string {
  const { handle, pointCount } = info;
  const saved = `${((pointCount * POINT_BYTES) / handle.size).toFixed(1)}x, `;
  return (
    `block ${position} at byte ${handle.offset}: ${bytes(handle.size)}, ` +
    `${count(pointCount, thing)}, ` +
    `${thing === 'point' ? saved : ''}` +
    `series ${span(info.firstSeries, info.lastSeries)}, ` +
    `time ${span(time(info.minTimestampMs), time(info.maxTimestampMs))}`
  );
}

/** Every block against its index entry; all of them against the filter and the set of series. */
async function* verifyBlocks(table: Table): InspectLines {
  const { path, footer } = table;
  let ids: Uint32Array | undefined;
  try {
    ids = await table.seriesIds();
  } catch (error) {
    yield damageOf(error);
  }
  const seen: Seen = { count: 0, lastId: 0, lastTimestampMs: Number.NEGATIVE_INFINITY };
  let damaged = ids === undefined;
  for (const [position, info] of table.blocks.entries()) {
    try {
      checkChunks(await table.readBlock(position), info, table, ids, seen);
    } catch (error) {
      yield damageOf(error);
      damaged = true;
    }
  }
  // Series of damaged blocks were not seen: their number says nothing then.
  const { seriesCount } = table.summary;
  if (!damaged && (seen.count !== ids!.length || seen.count !== seriesCount)) {
    const expectation = `expected ${seriesCount} series, found ${seen.count} in blocks`;
    yield damage(path, footer.seriesIds.offset, `${expectation} and ${ids!.length} in the set`);
  }
}

/** What the blocks before had: a series may go on in the next block. */
interface Seen {
  count: number;
  lastId: number;
  /** Of the series `lastId`. */
  lastTimestampMs: number;
}

/** Throws CorruptionError. */
function checkChunks(
  block: Block,
  info: BlockInfo,
  table: Table,
  ids: Uint32Array | undefined,
  seen: Seen,
): void {
  const fail = (what: string) => new CorruptionError(table.path, info.handle.offset, what);
  let minTimestampMs = Number.POSITIVE_INFINITY;
  let maxTimestampMs = Number.NEGATIVE_INFINITY;
  for (const [chunk, id] of block.ids.entries()) {
    if (id < seen.lastId) throw fail('expected ascending series ids');
    if (id > seen.lastId) {
      const isInSet = ids === undefined || ids[lowerBound(ids, id)] === id;
      if (!isInSet) throw fail(`expected series ${id} in the set`);
      if (!table.mayContain(id)) throw fail(`expected series ${id} in the bloom filter`);
      seen.count++;
      seen.lastId = id;
      seen.lastTimestampMs = Number.NEGATIVE_INFINITY;
    }
    const { timestampsMs } = decodeChunk(block, chunk);
    for (const timestampMs of timestampsMs) {
      const ascends =
        timestampMs > seen.lastTimestampMs ||
        (table.kind === 'events' && timestampMs === seen.lastTimestampMs);
      if (!ascends) throw fail(`expected ascending times of series ${id}`);
      seen.lastTimestampMs = timestampMs;
    }
    minTimestampMs = Math.min(minTimestampMs, timestampsMs[0]!);
    maxTimestampMs = Math.max(maxTimestampMs, seen.lastTimestampMs);
  }
  if (minTimestampMs !== info.minTimestampMs || maxTimestampMs !== info.maxTimestampMs) {
    throw fail('a block and its index entry differ in time');
  }
  const { windowStartMs, windowEndMs } = table.summary;
  if (minTimestampMs < windowStartMs || maxTimestampMs >= windowEndMs) {
    throw fail('expected times within the window');
  }
}

/** Every text of a table of events, and whether each event comes after the one before. */
async function* verifyTexts(table: EventTable): InspectLines {
  let last: EventBatch | undefined;
  for (const [position, info] of table.blocks.entries()) {
    try {
      const times = timesOf(await table.readBlock(position));
      const events = joinEvents(times, await readText(table, position));
      checkOrder(events, last, table.path, info.handle.offset);
      last = events;
    } catch (error) {
      yield damageOf(error);
      last = undefined;
    }
  }
}

/** Throws CorruptionError. */
function checkOrder(
  events: EventBatch,
  before: EventBatch | undefined,
  path: string,
  offset: number,
): void {
  let [columns, last] = [before, (before?.ids.length ?? 0) - 1];
  for (let i = 0; i < events.ids.length; i++) {
    if (columns !== undefined && compareEvents(columns, last, events, i) >= 0) {
      throw new CorruptionError(path, offset, 'expected events in their order, none twice');
    }
    columns = events;
    last = i;
  }
}

/** The first field that is not as expected, in words. */
function differentField(found: TableSummary, expected: TableSummary): string | undefined {
  for (const field of Object.keys(found) as (keyof TableSummary)[]) {
    if (found[field] === expected[field]) continue;
    return `expected ${field} ${expected[field]} as the manifest says, found ${found[field]}`;
  }
  return undefined;
}
