// A manifest: its edits one per line, and the state that they add up to.

import {
  applyToDraft,
  createDraft,
  type Edit,
  editMistake,
  type ManifestState,
  type PolicyMeta,
  type Tombstone,
} from '../manifest/edit.ts';
import { readEdits } from '../manifest/log.ts';
import { seriesCount } from '../series/series-runs.ts';
import { damage, fact, type InspectLines } from './line.ts';
import { headerLines, type LogInspection, logDamage, paddingDamage } from './log-file.ts';
import { bytes, bytesPerPoint, count, duration, number, time } from './words.ts';

/** Of more numbers than this a line gives the count alone. */
const NUMBERS_MAX = 8;

export async function* inspectManifest(inspection: LogInspection): InspectLines {
  const { fs, path } = inspection;
  yield fact(`${path}: manifest, ${bytes((await fs.size(path)) ?? 0)}`);
  yield* headerLines('manifest', inspection);
  const draft = createDraft();
  let edits = 0;
  for await (const item of readEdits(path, fs)) {
    if (item.kind === 'damage') {
      yield logDamage(inspection, item);
      continue;
    }
    if (!item.padded) yield paddingDamage(path, item);
    edits++;
    yield fact(`edit ${edits} at byte ${item.offset}: ${describeEdit(item.edit)}`);
    const mistake = editMistake(draft, item.edit);
    if (mistake === undefined) applyToDraft(draft, item.edit);
    else yield damage(path, item.offset, `an edit ${mistake}`);
  }
  if (edits === 0) yield damage(path, 0, 'expected a snapshot, found no whole edit');
  yield* stateLines(draft);
}

function describeEdit(edit: Edit): string {
  const { addTables = [], removeTables = [], addIndexTables = [], removeIndexTables = [] } = edit;
  const parts = [
    ...(edit.policies ?? []).map(titleOf),
    ...listed('adds', 'table', numbersOf(addTables)),
    ...listed('removes', 'table', removeTables),
    ...listed('adds', 'index table', numbersOf(addIndexTables)),
    ...listed('removes', 'index table', removeIndexTables),
    ...(edit.addTombstones ?? []).map((tombstone) => `adds ${describeTombstone(tombstone)}`),
    ...listed('removes', 'tombstone', edit.removeTombstones ?? []),
    ...listed('has applied tombstones to', 'table', numbersOf(edit.cleaned ?? [])),
    ...(edit.rolled ?? []).map(({ tierId, startMs }) => `tier ${tierId} has ${time(startMs)}`),
    ...(edit.removeRolled ?? []).map(
      ({ tierId, startMs }) => `tier ${tierId} forgets ${time(startMs)}`,
    ),
    ...(edit.dropped ?? []).map(
      ({ policyId, beforeMs }) => `policy ${policyId} begins at ${time(beforeMs)}`,
    ),
  ];
  if (edit.walSegment !== undefined) parts.push(`WAL from segment ${edit.walSegment}`);
  if (edit.nextFileNumber !== undefined) parts.push(`next file ${edit.nextFileNumber}`);
  if (edit.nextSeriesId !== undefined) parts.push(`next series ${edit.nextSeriesId}`);
  if (edit.clean !== undefined) parts.push(edit.clean ? 'closed' : 'opened');
  return parts.join('; ');
}

function listed(verb: string, thing: string, numbers: readonly number[]): string[] {
  if (numbers.length === 0) return [];
  const names = numbers.length > NUMBERS_MAX ? '' : ` (${numbers.join(' ')})`;
  return [`${verb} ${count(numbers.length, thing)}${names}`];
}

function numbersOf(files: readonly { readonly number: number }[]): number[] {
  return files.map((file) => file.number);
}

/** `policy 1 "default"`, `tier 2 of policy 1 "default" every 5m`, likewise `former tier 2`. */
function titleOf({ id, name, rollup }: PolicyMeta): string {
  if (rollup === undefined) return `policy ${id} ${JSON.stringify(name)}`;
  const { everyMs, sourceId, untilMs } = rollup;
  const former = untilMs === undefined ? '' : 'former ';
  const every = duration(everyMs);
  return `${former}tier ${id} of policy ${sourceId} ${JSON.stringify(name)} every ${every}`;
}

export function describePolicy(policy: PolicyMeta): string {
  const { keepMs, windowMs } = policy;
  return `${titleOf(policy)}, kept for ${duration(keepMs)} in windows of ${duration(windowMs)}`;
}

/** `tombstone 17 over 3 series from 1970-... up to ...`. */
export function describeTombstone({ sequence, startMs, endMs, series }: Tombstone): string {
  const over = count(seriesCount(series), 'series', 'series');
  return `tombstone ${sequence} over ${over} from ${time(startMs)} up to ${time(endMs)}`;
}

async function* stateLines(state: ManifestState): InspectLines {
  const tables = [...state.tables.values()];
  const index = [...state.indexTables.values()];
  const points = tables.reduce((sum, { pointCount }) => sum + pointCount, 0);
  const tableBytes = tables.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const indexBytes = index.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  yield fact(
    `state: ${count(tables.length, 'table')} of ${bytes(tableBytes)} with ` +
      `${count(points, 'point')}, ${bytesPerPoint(tableBytes, points)}; ` +
      `${count(index.length, 'index table')} of ${bytes(indexBytes)}`,
  );
  for (const policy of state.policies.values()) yield fact(`state: ${describePolicy(policy)}`);
  for (const tombstone of state.tombstones.values()) {
    yield fact(`state: ${describeTombstone(tombstone)}`);
  }
  yield fact(
    `state: WAL from segment ${state.walSegment}, next file ${state.nextFileNumber}, ` +
      `next series ${number(state.nextSeriesId)}, ${state.clean ? '' : 'not '}closed cleanly`,
  );
}
