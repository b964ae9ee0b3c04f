// One change of the data directory's state as a value, and the state that edits add up to.
// Whatever an edit names must be durable before the edit is; its bytes are in edit-codec.ts.

import { assert } from '../assert.ts';
import type { SeriesRuns } from '../series/series-runs.ts';
import type { TableContent, TableSummary } from '../sstable/format.ts';
import type { TimeRange } from '../types.ts';

/** A table of one window. */
export interface TableMeta extends TableSummary {
  readonly kind: TableContent;
  /** Of a field of summaries, the width of their steps; undefined of points and events. */
  readonly stepMs?: number;
  /** Names the file; never reused. */
  readonly number: number;
  /** Of two tables with the same point, the one with the higher sequence is right. */
  readonly sequence: number;
}

/** A table of the tag index. */
export interface IndexTableMeta {
  /** Names the file; never reused. */
  readonly number: number;
  /** 0: tables overlap, newest sequence first. From 1: key ranges are disjoint. */
  readonly level: number;
  readonly sizeBytes: number;
  readonly entryCount: number;
  /** Smallest and largest key that occurs; both included. */
  readonly firstKey: Uint8Array;
  readonly lastKey: Uint8Array;
  readonly sequence: number;
}

/** A pair of policy name and window width under which points were written. */
export interface PolicyMeta {
  /** From 1, never reused; names a directory. */
  readonly id: number;
  readonly name: string;
  readonly windowMs: number;
  /** Infinity for ever. */
  readonly keepMs: number;
  /** When it is a tier: summaries of another policy's points. */
  readonly rollup?: TierSource;
}

/** What the summaries of a tier are made of. */
export interface TierSource {
  /** Width of a step, ms: a divisor of the source's windows, which divide the tier's. */
  readonly everyMs: number;
  /** The policy whose points they are. */
  readonly sourceId: number;
  /** No policy wants it any more: of what is gone it lacks some that lay at this or after. */
  readonly untilMs?: number;
}

/** How far a tier has what one window of its source says, and of each earlier state nothing. */
export interface RolledWindow {
  readonly tierId: number;
  /** Start of the window of the source. */
  readonly startMs: number;
  /** All tables of the source up to this sequence are in the summaries ... */
  readonly tableSequence: number;
  /** ... without what tombstones up to this one hide. */
  readonly tombstoneSequence: number;
}

/** A policy of which all that lay before `beforeMs` was dropped, or was never there. */
export interface DroppedBefore {
  readonly policyId: number;
  readonly beforeMs: number;
}

/** Hides the points of some series in a range of time that were written before it. */
export interface Tombstone extends TimeRange {
  /** Its place in the order of writing: it hides points in tables of a lower sequence. */
  readonly sequence: number;
  readonly series: SeriesRuns;
}

/** Of what tombstones up to `sequence` hide, nothing is left in the table. */
export interface CleanedTable {
  readonly number: number;
  readonly sequence: number;
}

/** An atomic change: after a crash all of it holds, or none. What is absent stays as it was. */
export interface Edit {
  readonly addTables?: readonly TableMeta[];
  readonly removeTables?: readonly number[];
  readonly addIndexTables?: readonly IndexTableMeta[];
  readonly removeIndexTables?: readonly number[];
  readonly addTombstones?: readonly Tombstone[];
  /** By sequence. */
  readonly removeTombstones?: readonly number[];
  readonly cleaned?: readonly CleanedTable[];
  /** New policies, or new values under a known id. */
  readonly policies?: readonly PolicyMeta[];
  readonly rolled?: readonly RolledWindow[];
  /** Windows that nothing more will be summarised of. */
  readonly removeRolled?: readonly Pick<RolledWindow, 'tierId' | 'startMs'>[];
  readonly dropped?: readonly DroppedBefore[];
  /** The first WAL segment that recovery replays. */
  readonly walSegment?: number;
  /** Every file number in use is below. */
  readonly nextFileNumber?: number;
  /** Every series id in an index table is below. */
  readonly nextSeriesId?: number;
  /** Whether the last owner said goodbye. */
  readonly clean?: boolean;
}

/** What all edits so far add up to; an immutable value. */
export interface ManifestState {
  readonly tables: ReadonlyMap<number, TableMeta>;
  readonly indexTables: ReadonlyMap<number, IndexTableMeta>;
  readonly policies: ReadonlyMap<number, PolicyMeta>;
  /** By sequence. */
  readonly tombstones: ReadonlyMap<number, Tombstone>;
  /** By table, the sequence up to which tombstones are applied to it; see CleanedTable. */
  readonly cleaned: ReadonlyMap<number, number>;
  /** By tier, then by the start of the source's window. */
  readonly rolled: ReadonlyMap<number, ReadonlyMap<number, RolledWindow>>;
  /** By policy id, for tiers and their sources; see DroppedBefore. */
  readonly dropped: ReadonlyMap<number, number>;
  readonly walSegment: number;
  readonly nextFileNumber: number;
  readonly nextSeriesId: number;
  readonly clean: boolean;
}

/** The state of a directory that nothing was ever written to. */
export const EMPTY_STATE: ManifestState = {
  tables: new Map(),
  indexTables: new Map(),
  policies: new Map(),
  tombstones: new Map(),
  cleaned: new Map(),
  rolled: new Map(),
  dropped: new Map(),
  walSegment: 1,
  nextFileNumber: 1,
  nextSeriesId: 1,
  clean: true,
};

/** Why `edit` cannot follow `state`, or undefined when it can. */
export function editMistake(state: ManifestState, edit: Edit): string | undefined {
  for (const number of edit.removeTables ?? []) {
    if (!state.tables.has(number)) return `removes table ${number}, which is not there`;
  }
  for (const number of edit.removeIndexTables ?? []) {
    if (!state.indexTables.has(number)) return `removes index table ${number}, which is not there`;
  }
  const policies = new Set((edit.policies ?? []).map((policy) => policy.id));
  for (const table of edit.addTables ?? []) {
    if (state.tables.has(table.number)) return `adds table ${table.number} a second time`;
    if (!state.policies.has(table.policyId) && !policies.has(table.policyId)) {
      return `adds table ${table.number} of policy ${table.policyId}, which is not there`;
    }
  }
  for (const table of edit.addIndexTables ?? []) {
    const moves = edit.removeIndexTables?.includes(table.number) ?? false;
    if (state.indexTables.has(table.number) && !moves) {
      return `adds index table ${table.number} a second time`;
    }
  }
  for (const { tierId } of edit.rolled ?? []) {
    if (!state.policies.has(tierId) && !policies.has(tierId)) {
      return `rolls up into tier ${tierId}, which is not there`;
    }
  }
  const mistake = tombstoneMistake(state, edit);
  if (mistake !== undefined) return mistake;
  for (const field of ['walSegment', 'nextFileNumber', 'nextSeriesId'] as const) {
    const value = edit[field];
    if (value !== undefined && value < state[field]) {
      return `takes ${field} from ${state[field]} back to ${value}`;
    }
  }
  return undefined;
}

function tombstoneMistake(state: ManifestState, edit: Edit): string | undefined {
  for (const sequence of edit.removeTombstones ?? []) {
    if (!state.tombstones.has(sequence)) return `removes tombstone ${sequence}, which is not there`;
  }
  for (const { sequence } of edit.addTombstones ?? []) {
    if (state.tombstones.has(sequence)) return `adds tombstone ${sequence} a second time`;
  }
  const added = new Set((edit.addTables ?? []).map((table) => table.number));
  for (const { number } of edit.cleaned ?? []) {
    if (!state.tables.has(number) && !added.has(number)) {
      return `applies tombstones to table ${number}, which is not there`;
    }
  }
  return undefined;
}

/** A state under construction: replay folds many edits into one without a copy for each. */
export type ManifestDraft = {
  -readonly [Field in keyof ManifestState]: ManifestState[Field] extends ReadonlyMap<
    number,
    infer M
  >
    ? Map<number, M>
    : ManifestState[Field];
};

export function createDraft(): ManifestDraft {
  return {
    ...EMPTY_STATE,
    tables: new Map(),
    indexTables: new Map(),
    policies: new Map(),
    tombstones: new Map(),
    cleaned: new Map(),
    rolled: new Map(),
    dropped: new Map(),
  };
}

/** `state` after `edit`, which can follow it. Maps that the edit leaves alone are shared. */
export function applyEdit(state: ManifestState, edit: Edit): ManifestState {
  const tables = edit.addTables !== undefined || edit.removeTables !== undefined;
  const index = edit.addIndexTables !== undefined || edit.removeIndexTables !== undefined;
  const tombstones = edit.addTombstones !== undefined || edit.removeTombstones !== undefined;
  const next = {
    ...state,
    tables: tables ? new Map(state.tables) : state.tables,
    indexTables: index ? new Map(state.indexTables) : state.indexTables,
    policies: edit.policies !== undefined ? new Map(state.policies) : state.policies,
    tombstones: tombstones ? new Map(state.tombstones) : state.tombstones,
    cleaned: tables || tombstones || edit.cleaned ? new Map(state.cleaned) : state.cleaned,
    rolled: edit.rolled || edit.removeRolled ? new Map(state.rolled) : state.rolled,
    dropped: edit.dropped ? new Map(state.dropped) : state.dropped,
  };
  // Only maps copied just above are written to.
  applyToDraft(next as ManifestDraft, edit);
  return next;
}

/** Changes `draft` by `edit`, which can follow it. */
export function applyToDraft(draft: ManifestDraft, edit: Edit): void {
  const mistake = editMistake(draft, edit);
  assert(mistake === undefined, `an edit ${mistake}`);
  for (const number of edit.removeTables ?? []) draft.tables.delete(number);
  for (const number of edit.removeIndexTables ?? []) draft.indexTables.delete(number);
  for (const policy of edit.policies ?? []) draft.policies.set(policy.id, policy);
  for (const table of edit.addTables ?? []) draft.tables.set(table.number, table);
  for (const table of edit.addIndexTables ?? []) draft.indexTables.set(table.number, table);
  applyTombstones(draft, edit);
  applyRollups(draft, edit);
  draft.walSegment = edit.walSegment ?? draft.walSegment;
  draft.nextFileNumber = edit.nextFileNumber ?? draft.nextFileNumber;
  draft.nextSeriesId = edit.nextSeriesId ?? draft.nextSeriesId;
  draft.clean = edit.clean ?? draft.clean;
}

function applyTombstones(draft: ManifestDraft, edit: Edit): void {
  for (const sequence of edit.removeTombstones ?? []) draft.tombstones.delete(sequence);
  for (const tombstone of edit.addTombstones ?? []) {
    draft.tombstones.set(tombstone.sequence, tombstone);
  }
  for (const number of edit.removeTables ?? []) draft.cleaned.delete(number);
  for (const { number, sequence } of edit.cleaned ?? []) draft.cleaned.set(number, sequence);
  if (draft.tombstones.size === 0) draft.cleaned.clear();
}

function applyRollups(draft: ManifestDraft, edit: Edit): void {
  const tiers = new Set([...(edit.rolled ?? []), ...(edit.removeRolled ?? [])].map(tierIdOf));
  for (const tierId of tiers) {
    const marks = new Map(draft.rolled.get(tierId));
    for (const gone of edit.removeRolled ?? []) {
      if (gone.tierId === tierId) marks.delete(gone.startMs);
    }
    for (const mark of edit.rolled ?? []) {
      if (mark.tierId === tierId) marks.set(mark.startMs, mark);
    }
    if (marks.size > 0) draft.rolled.set(tierId, marks);
    else draft.rolled.delete(tierId);
  }
  for (const { policyId, beforeMs } of edit.dropped ?? []) draft.dropped.set(policyId, beforeMs);
}

function tierIdOf({ tierId }: Pick<RolledWindow, 'tierId'>): number {
  return tierId;
}

/** The edit that makes `state` out of nothing. */
export function snapshotEdit(state: ManifestState): Edit {
  return {
    policies: [...state.policies.values()],
    addTables: [...state.tables.values()],
    addIndexTables: [...state.indexTables.values()],
    addTombstones: [...state.tombstones.values()],
    cleaned: Array.from(state.cleaned, ([number, sequence]) => ({ number, sequence })),
    rolled: [...state.rolled.values()].flatMap((marks) => [...marks.values()]),
    dropped: Array.from(state.dropped, ([policyId, beforeMs]) => ({ policyId, beforeMs })),
    walSegment: state.walSegment,
    nextFileNumber: state.nextFileNumber,
    nextSeriesId: state.nextSeriesId,
    clean: state.clean,
  };
}
