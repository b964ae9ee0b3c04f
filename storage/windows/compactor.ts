// Keeps the windows merged: asks the picker, carries out what it says, looks again.

import type { Core } from '../core.ts';
import { CorruptionError } from '../errors.ts';
import { tablePath } from '../filenames.ts';
import type { TableMeta } from '../manifest/edit.ts';
import { TABLE_CONTENTS } from '../sstable/format.ts';
import type { Version, WindowTables } from '../version.ts';
import { compactWindowTables } from './compaction.ts';
import {
  pickFullCompaction,
  pickWindowCompaction,
  type WindowCompaction,
  type WindowRun,
} from './picker.ts';
import { rivalOf } from './rivals.ts';

/** What is remembered of a window; in memory only, as a restart is rare. */
interface Memory {
  /** Of its newest table, and when that came. */
  readonly sequence: number;
  readonly atMs: number;
  /** Sequences that no merge may reach across; see rivals.ts. */
  readonly borders: ReadonlySet<number>;
}

export class WindowCompactor {
  readonly #core: Core;
  /** Tables that could not be read: a merge would lose what they have left, so they stay. */
  readonly #damaged = new Set<number>();
  #memories = new Map<string, Memory>();
  /** Tables up to this sequence are to be merged whatever the limits say. */
  #fullUpTo = 0;
  #debt: { readonly version: Version; readonly tables: number } | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Tables in the window that has the most to merge. */
  get debt(): number {
    const { version } = this.#core.catalog;
    if (this.#debt?.version !== version) {
      const tables = this.#runs(version).reduce(
        (most, run) => Math.max(most, run.tables.length),
        0,
      );
      this.#debt = { version, tables };
    }
    return this.#debt.tables;
  }

  /** From now on every window is merged into one table, of what it has now. */
  wantFull(): void {
    this.#fullUpTo = this.#core.catalog.nextFileNumber - 1;
  }

  /** Carries out the most urgent merge, of closed windows if wanted; false when none is owed. */
  async step(isClosedWanted: boolean): Promise<boolean> {
    const version = this.#core.catalog.version.retain();
    try {
      const compaction = this.#pick(version, isClosedWanted);
      if (compaction === undefined) return false;
      await this.#carryOut(version, compaction);
      return true;
    } finally {
      version.release();
    }
  }

  async #carryOut(version: Version, compaction: WindowCompaction): Promise<void> {
    const { inputs } = compaction;
    try {
      const rival = await rivalOf(version, inputs, this.#core);
      if (rival === undefined) await compactWindowTables(this.#core, version, compaction);
      else this.#addBorder(inputs[0]!, rival);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#core.settings.listener.corruption?.(error);
      this.#leaveOut(error, inputs);
    }
    // Tables that are left out are no debt any more.
    this.#debt = undefined;
  }

  #pick(version: Version, isClosedWanted: boolean): WindowCompaction | undefined {
    const { env, settings } = this.#core;
    const runs = this.#runs(version);
    const limits = settings.windowLimits;
    // Before all time no window has closed.
    const nowMs = isClosedWanted ? env.clock.nowMs() : Number.NEGATIVE_INFINITY;
    const owed = pickWindowCompaction(runs, nowMs, limits);
    if (owed !== undefined) return owed;
    const upTo = runs.map((run) => ({
      ...run,
      tables: run.tables.filter(({ sequence }) => sequence <= this.#fullUpTo),
    }));
    return pickFullCompaction(upTo, limits);
  }

  /** The windows, cut where something lies between their tables that must not be merged. */
  #runs(version: Version): WindowRun[] {
    const nowMs = this.#core.env.clock.monotonicMs();
    const before = this.#memories;
    this.#memories = new Map();
    return version.parts.windows.flatMap(byKind).flatMap((window) => {
      const key = keyOf(window, window.tables[0]!.meta);
      const { sequence } = window.tables.at(-1)!.meta;
      const known = before.get(key) ?? { sequence: 0, atMs: nowMs, borders: new Set<number>() };
      const memory = known.sequence === sequence ? known : { ...known, sequence, atMs: nowMs };
      this.#memories.set(key, memory);
      const quietMs = nowMs - memory.atMs;
      const { endMs } = window;
      return this.#cut(window, memory.borders).map((tables) => ({ endMs, tables, quietMs }));
    });
  }

  #cut(window: WindowTables, borders: ReadonlySet<number>): TableMeta[][] {
    const runs: TableMeta[][] = [[]];
    let last = 0;
    for (const { meta } of window.tables) {
      const isDamaged = this.#damaged.has(meta.number);
      const from = last;
      const isCut = [...borders].some((border) => border > from && border < meta.sequence);
      if (isDamaged || isCut) runs.push([]);
      if (!isDamaged) runs.at(-1)!.push(meta);
      last = meta.sequence;
    }
    return runs;
  }

  #addBorder(input: TableMeta, sequence: number): void {
    const { policyId, windowStartMs: startMs, windowEndMs: endMs } = input;
    const key = keyOf({ policyId, startMs, endMs }, input);
    const memory = this.#memories.get(key);
    if (memory === undefined) return;
    this.#memories.set(key, { ...memory, borders: new Set([...memory.borders, sequence]) });
  }

  #leaveOut(error: CorruptionError, inputs: readonly TableMeta[]): void {
    const { dir } = this.#core;
    const damaged = inputs.find((table) => tablePath(dir, table) === error.path);
    // Without its name all are suspect: trying the same again would fail for ever.
    for (const { number } of damaged === undefined ? inputs : [damaged]) this.#damaged.add(number);
  }
}

/** Only like is merged with like: points, events, or one field of summaries. */
function byKind(window: WindowTables): WindowTables[] {
  return TABLE_CONTENTS.map((kind) => ({
    ...window,
    tables: window.tables.filter(({ meta }) => meta.kind === kind),
  })).filter(({ tables }) => tables.length > 0);
}

function keyOf(
  { policyId, startMs, endMs }: Pick<WindowTables, 'policyId' | 'startMs' | 'endMs'>,
  { kind }: Pick<TableMeta, 'kind'>,
) {
  return `${policyId}/${startMs}_${endMs}/${kind}`;
}
