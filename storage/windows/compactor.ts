// Keeps the windows merged: asks the picker, carries out what it says, looks again.

import type { Core } from '../core.ts';
import { CorruptionError } from '../errors.ts';
import { tablePath } from '../filenames.ts';
import type { TableMeta } from '../manifest/edit.ts';
import type { Version } from '../version.ts';
import { compactWindowTables } from './compaction.ts';
import {
  pickFullCompaction,
  pickWindowCompaction,
  type WindowCompaction,
  type WindowRun,
} from './picker.ts';

interface Arrival {
  readonly sequence: number;
  readonly atMs: number;
}

export class WindowCompactor {
  readonly #core: Core;
  /** Tables that could not be read: a merge would lose what they have left, so they stay. */
  readonly #damaged = new Set<number>();
  /** When the newest table of a window came; in memory only, as a restart is rare. */
  #arrivals = new Map<string, Arrival>();
  #debt: { readonly version: Version; readonly tables: number } | undefined;
  /** Tables up to this one were asked to be merged whatever the limits say. */
  #fullUpTo = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Tables in the window that has the most to merge. */
  get debt(): number {
    const { version } = this.#core.catalog;
    if (this.#debt?.version !== version) {
      const tables = version.parts.windows.reduce(
        (most, window) =>
          this.#withoutDamaged(window.tables.map(({ meta }) => meta)).reduce(
            (longest, run) => Math.max(longest, run.length),
            most,
          ),
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

  /** Carries out the most urgent merge; false when none is owed. */
  async step(): Promise<boolean> {
    const compaction = this.#pick();
    if (compaction === undefined) return false;
    try {
      await compactWindowTables(this.#core, compaction);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#core.settings.listener.corruption?.(error);
      this.#leaveOut(error, compaction.inputs);
    }
    return true;
  }

  #pick(): WindowCompaction | undefined {
    const { env, settings } = this.#core;
    const runs = this.#runs();
    const limits = settings.windowLimits;
    return (
      pickWindowCompaction(runs, env.clock.nowMs(), limits) ??
      pickFullCompaction(this.#upTo(runs, this.#fullUpTo), limits)
    );
  }

  #upTo(runs: readonly WindowRun[], sequenceMax: number): WindowRun[] {
    return runs.map((run) => ({
      ...run,
      tables: run.tables.filter(({ sequence }) => sequence <= sequenceMax),
    }));
  }

  /** The windows, cut where a damaged table lies between others. */
  #runs(): WindowRun[] {
    const nowMs = this.#core.env.clock.monotonicMs();
    const before = this.#arrivals;
    this.#arrivals = new Map();
    return this.#core.catalog.version.parts.windows.flatMap(
      ({ policyId, startMs, endMs, tables }) => {
        const metas = tables.map(({ meta }) => meta);
        const { sequence } = metas.at(-1)!;
        const key = `${policyId}/${startMs}_${endMs}`;
        const known = before.get(key);
        const arrival = known?.sequence === sequence ? known : { sequence, atMs: nowMs };
        this.#arrivals.set(key, arrival);
        const quietMs = nowMs - arrival.atMs;
        return this.#withoutDamaged(metas).map((run) => ({ endMs, tables: run, quietMs }));
      },
    );
  }

  #withoutDamaged(tables: readonly TableMeta[]): TableMeta[][] {
    const runs: TableMeta[][] = [[]];
    for (const table of tables) {
      if (this.#damaged.has(table.number)) runs.push([]);
      else runs.at(-1)!.push(table);
    }
    return runs;
  }

  #leaveOut(error: CorruptionError, inputs: readonly TableMeta[]): void {
    const { dir } = this.#core;
    const damaged = inputs.find((table) => tablePath(dir, table) === error.path);
    // Without its name all are suspect: trying the same again would fail for ever.
    for (const { number } of damaged === undefined ? inputs : [damaged]) this.#damaged.add(number);
  }
}
