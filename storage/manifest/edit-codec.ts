// An edit as bytes: fields, each a tag and its value, lists as one field per element.
// A tag that is not known is an error, for what an edit says must not be half understood.

import { assert } from '../assert.ts';
import type { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { SUMMARY_FIELDS } from '../sstable/format.ts';
import type {
  CleanedTable,
  DroppedBefore,
  Edit,
  IndexTableMeta,
  PolicyMeta,
  RolledWindow,
  TableMeta,
  TierSource,
  Tombstone,
} from './edit.ts';
import { readTombstone, writeTombstone } from './tombstone-codec.ts';

/** On disk: not to be renumbered. A field that changes its value's form takes a new tag. */
export const EDIT_TAG = {
  addTable: 1,
  removeTable: 2,
  addIndexTable: 3,
  removeIndexTable: 4,
  policy: 5,
  walSegment: 6,
  nextFileNumber: 7,
  nextSeriesId: 8,
  clean: 9,
  addTombstone: 10,
  removeTombstone: 11,
  cleaned: 12,
  addEventTable: 16,
  addSummaryTable: 17,
  tier: 18,
  rolled: 19,
  removeRolled: 20,
  dropped: 21,
  formerTier: 22,
} as const;

/** The bytes of `edit`; equal edits have equal bytes. */
export function encodeEdit(edit: Edit): Uint8Array {
  const writer = new ByteWriter();
  const tagged = (tag: number, value: number): void => {
    writer.varint(tag);
    writer.varint(value);
  };
  for (const number of edit.removeTables ?? []) tagged(EDIT_TAG.removeTable, number);
  for (const number of edit.removeIndexTables ?? []) tagged(EDIT_TAG.removeIndexTable, number);
  for (const policy of edit.policies ?? []) writePolicy(writer, policy);
  for (const table of edit.addTables ?? []) writeTable(writer, table);
  for (const table of edit.addIndexTables ?? []) writeIndexTable(writer, table);
  for (const sequence of edit.removeTombstones ?? []) tagged(EDIT_TAG.removeTombstone, sequence);
  for (const tombstone of edit.addTombstones ?? []) {
    writer.varint(EDIT_TAG.addTombstone);
    writeTombstone(writer, tombstone);
  }
  for (const { number, sequence } of edit.cleaned ?? []) {
    tagged(EDIT_TAG.cleaned, number);
    writer.varint(sequence);
  }
  for (const mark of edit.removeRolled ?? []) writeRemoveRolled(writer, mark);
  for (const mark of edit.rolled ?? []) writeRolled(writer, mark);
  for (const { policyId, beforeMs } of edit.dropped ?? []) {
    tagged(EDIT_TAG.dropped, policyId);
    writer.float64(beforeMs);
  }
  if (edit.walSegment !== undefined) tagged(EDIT_TAG.walSegment, edit.walSegment);
  if (edit.nextFileNumber !== undefined) tagged(EDIT_TAG.nextFileNumber, edit.nextFileNumber);
  if (edit.nextSeriesId !== undefined) tagged(EDIT_TAG.nextSeriesId, edit.nextSeriesId);
  if (edit.clean !== undefined) tagged(EDIT_TAG.clean, edit.clean ? 1 : 0);
  return writer.copy();
}

/** The edit that `reader` holds to its end. */
export function decodeEdit(reader: ByteReader): Edit {
  const addTables: TableMeta[] = [];
  const removeTables: number[] = [];
  const addIndexTables: IndexTableMeta[] = [];
  const removeIndexTables: number[] = [];
  const policies: PolicyMeta[] = [];
  const addTombstones: Tombstone[] = [];
  const removeTombstones: number[] = [];
  const cleaned: CleanedTable[] = [];
  const rolled: RolledWindow[] = [];
  const removeRolled: Pick<RolledWindow, 'tierId' | 'startMs'>[] = [];
  const dropped: DroppedBefore[] = [];
  const scalars: { -readonly [Field in keyof Edit]: Edit[Field] } = {};
  while (reader.remaining > 0) {
    const tag = reader.varint();
    if (tag === EDIT_TAG.addTable) addTables.push(readTable(reader, 'points'));
    else if (tag === EDIT_TAG.addEventTable) addTables.push(readTable(reader, 'events'));
    else if (tag === EDIT_TAG.addSummaryTable) addTables.push(readSummaryTable(reader));
    else if (tag === EDIT_TAG.removeTable) removeTables.push(reader.varint());
    else if (tag === EDIT_TAG.addIndexTable) addIndexTables.push(readIndexTable(reader));
    else if (tag === EDIT_TAG.removeIndexTable) removeIndexTables.push(reader.varint());
    else if (tag === EDIT_TAG.policy) policies.push(readPolicy(reader));
    else if (tag === EDIT_TAG.walSegment) scalars.walSegment = reader.varint();
    else if (tag === EDIT_TAG.nextFileNumber) scalars.nextFileNumber = reader.varint();
    else if (tag === EDIT_TAG.nextSeriesId) scalars.nextSeriesId = reader.varint();
    else if (tag === EDIT_TAG.clean) scalars.clean = reader.varint() !== 0;
    else if (tag === EDIT_TAG.addTombstone) addTombstones.push(readTombstone(reader));
    else if (tag === EDIT_TAG.removeTombstone) removeTombstones.push(reader.varint());
    else if (tag === EDIT_TAG.cleaned) cleaned.push(readCleaned(reader));
    else if (tag === EDIT_TAG.tier) policies.push(readTier(reader));
    else if (tag === EDIT_TAG.formerTier) policies.push(readFormerTier(reader));
    else if (tag === EDIT_TAG.rolled) rolled.push(readRolled(reader));
    else if (tag === EDIT_TAG.removeRolled) removeRolled.push(readRemoveRolled(reader));
    else if (tag === EDIT_TAG.dropped) dropped.push(readDropped(reader));
    else throw reader.corrupt(`field ${tag} of an edit is unknown: a newer varve wrote it`);
  }
  return {
    ...(addTables.length > 0 && { addTables }),
    ...(removeTables.length > 0 && { removeTables }),
    ...(addIndexTables.length > 0 && { addIndexTables }),
    ...(removeIndexTables.length > 0 && { removeIndexTables }),
    ...(policies.length > 0 && { policies }),
    ...(addTombstones.length > 0 && { addTombstones }),
    ...(removeTombstones.length > 0 && { removeTombstones }),
    ...(cleaned.length > 0 && { cleaned }),
    ...(rolled.length > 0 && { rolled }),
    ...(removeRolled.length > 0 && { removeRolled }),
    ...(dropped.length > 0 && { dropped }),
    ...scalars,
  };
}

function writeTable(writer: ByteWriter, table: TableMeta): void {
  writeTableTag(writer, table);
  writer.varint(table.number);
  writer.varint(table.policyId);
  // Doubles: the outermost windows reach beyond the +-2^53 of a varint.
  writer.float64(table.windowStartMs);
  writer.float64(table.windowEndMs);
  writer.varint(table.sizeBytes);
  writer.signedVarint(table.minTimestampMs);
  writer.signedVarint(table.maxTimestampMs);
  writer.varint(table.firstSeries);
  writer.varint(table.lastSeries);
  writer.varint(table.seriesCount);
  writer.varint(table.pointCount);
  writer.varint(table.sequence);
}

function writeTableTag(writer: ByteWriter, { kind, stepMs }: TableMeta): void {
  if (kind === 'points') writer.varint(EDIT_TAG.addTable);
  else if (kind === 'events') writer.varint(EDIT_TAG.addEventTable);
  else {
    assert(stepMs !== undefined, 'a table of summaries has steps');
    writer.varint(EDIT_TAG.addSummaryTable);
    writer.varint(SUMMARY_FIELDS.indexOf(kind));
    writer.varint(stepMs);
  }
}

function readSummaryTable(reader: ByteReader): TableMeta {
  const field = SUMMARY_FIELDS[reader.varint()];
  if (field === undefined) throw reader.corrupt('a field of summaries is unknown');
  const stepMs = reader.varint();
  return { ...readTable(reader, field), stepMs };
}

function readTable(reader: ByteReader, kind: TableMeta['kind']): TableMeta {
  return {
    kind,
    number: reader.varint(),
    policyId: reader.varint(),
    windowStartMs: reader.float64(),
    windowEndMs: reader.float64(),
    sizeBytes: reader.varint(),
    minTimestampMs: reader.signedVarint(),
    maxTimestampMs: reader.signedVarint(),
    firstSeries: reader.varint(),
    lastSeries: reader.varint(),
    seriesCount: reader.varint(),
    pointCount: reader.varint(),
    sequence: reader.varint(),
  };
}

function writeIndexTable(writer: ByteWriter, table: IndexTableMeta): void {
  writer.varint(EDIT_TAG.addIndexTable);
  writer.varint(table.number);
  writer.varint(table.level);
  writer.varint(table.sizeBytes);
  writer.varint(table.entryCount);
  writer.prefixedBytes(table.firstKey);
  writer.prefixedBytes(table.lastKey);
  writer.varint(table.sequence);
}

function readIndexTable(reader: ByteReader): IndexTableMeta {
  return {
    number: reader.varint(),
    level: reader.varint(),
    sizeBytes: reader.varint(),
    entryCount: reader.varint(),
    // Keys outlive the buffer that is being read. A Buffer's slice would be a view of it.
    firstKey: Uint8Array.from(reader.prefixedBytes()),
    lastKey: Uint8Array.from(reader.prefixedBytes()),
    sequence: reader.varint(),
  };
}

function readCleaned(reader: ByteReader): CleanedTable {
  return { number: reader.varint(), sequence: reader.varint() };
}

function writeRolled(writer: ByteWriter, mark: RolledWindow): void {
  writer.varint(EDIT_TAG.rolled);
  writer.varint(mark.tierId);
  writer.float64(mark.startMs);
  writer.varint(mark.tableSequence);
  writer.varint(mark.tombstoneSequence);
}

function readRolled(reader: ByteReader): RolledWindow {
  return {
    tierId: reader.varint(),
    startMs: reader.float64(),
    tableSequence: reader.varint(),
    tombstoneSequence: reader.varint(),
  };
}

function writeRemoveRolled(
  writer: ByteWriter,
  { tierId, startMs }: Pick<RolledWindow, 'tierId' | 'startMs'>,
): void {
  writer.varint(EDIT_TAG.removeRolled);
  writer.varint(tierId);
  writer.float64(startMs);
}

function readRemoveRolled(reader: ByteReader): Pick<RolledWindow, 'tierId' | 'startMs'> {
  return { tierId: reader.varint(), startMs: reader.float64() };
}

function readDropped(reader: ByteReader): DroppedBefore {
  return { policyId: reader.varint(), beforeMs: reader.float64() };
}

function writePolicy(writer: ByteWriter, policy: PolicyMeta): void {
  const { rollup } = policy;
  if (rollup === undefined) writer.varint(EDIT_TAG.policy);
  else {
    writer.varint(rollup.untilMs === undefined ? EDIT_TAG.tier : EDIT_TAG.formerTier);
    if (rollup.untilMs !== undefined) writer.float64(rollup.untilMs);
    writer.varint(rollup.everyMs);
    writer.varint(rollup.sourceId);
  }
  writer.varint(policy.id);
  writer.string(policy.name);
  writer.varint(policy.windowMs);
  writer.float64(policy.keepMs);
}

function readTier(reader: ByteReader): PolicyMeta & { readonly rollup: TierSource } {
  const rollup = { everyMs: reader.varint(), sourceId: reader.varint() };
  return { ...readPolicy(reader), rollup };
}

function readFormerTier(reader: ByteReader): PolicyMeta {
  const untilMs = reader.float64();
  const { rollup, ...policy } = readTier(reader);
  return { ...policy, rollup: { ...rollup, untilMs } };
}

function readPolicy(reader: ByteReader): PolicyMeta {
  return {
    id: reader.varint(),
    name: reader.string(),
    windowMs: reader.varint(),
    keepMs: reader.float64(),
  };
}
