// Keeps the tiers in step with their sources: one batch at a time, whoever asks.

import type { Core } from '../core.ts';
import { toError } from '../errors.ts';
import type { ManifestState } from '../manifest/edit.ts';
import { withReserve } from '../reserve.ts';
import type { RollupOptions, RollupOutcome, WindowInfo } from '../types.ts';
import { windowsOf } from '../windows/windows.ts';
import { forgetMarks, policyIdOf } from './marks.ts';
import {
  countDue,
  pickRollup,
  pickRollupBefore,
  type RollupBatch,
  type RollupWish,
} from './picker.ts';
import { rollUpNext } from './roll-up.ts';
import type { SourceWindow } from './source-windows.ts';
import { type Tier, tiersInForce } from './tiers.ts';

/** What is remembered of a window with fresh tables; in memory only, as in WindowCompactor. */
interface Memory {
  /** Of the newest table, and when that was first seen. */
  readonly sequence: number;
  readonly atMs: number;
}

export class Roller {
  readonly #core: Core;
  /** There are new tables to be merged. */
  readonly #rolledUp: () => void;
  #memories = new Map<string, Memory>();
  #before = new Map<string, Memory>();
  /** Settles with what was asked for last. */
  #turn: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  constructor(core: Core, rolledUp: () => void) {
    this.#core = core;
    this.#rolledUp = rolledUp;
  }

  /** Windows that are due now. */
  get due(): number {
    return countDue(this.#core.catalog.state, this.#tiers(), this.#wish(false));
  }

  /** See Storage.rollUp. */
  rollUp({ budgetMs = Infinity, all = false }: RollupOptions): Promise<RollupOutcome> {
    return this.#inTurn(() => this.#rollUp(budgetMs, all));
  }

  /** Has the tiers follow all deletes; until then, what these hide a part of is hidden whole. */
  followDeletes(): Promise<RollupOutcome> {
    const wish = { nowMs: 0, settleMs: Infinity, isQuiet: () => false };
    return this.#inTurn(() => this.#rollAll((state, tiers) => pickRollup(state, tiers, wish)));
  }

  /**
   * Summarises what the windows `keys` have before they go. Returns those that may: when it cannot
   * be done now, which the listener is told of, windows that have a tier stay.
   */
  async secured(keys: readonly string[]): Promise<readonly string[]> {
    const { state } = this.#core.catalog;
    const sources = new Set(this.#tiers().map(({ rollup }) => rollup.sourceId));
    if (sources.size === 0) return keys;
    const wanted = new Set(keys);
    const windows = windowsOf(state).filter(({ key }) => wanted.has(key));
    const ofSources = windows.filter((window) => sources.has(policyIdOf(window)));
    if (ofSources.length === 0) return keys;
    try {
      await withReserve(this.#core, () =>
        this.#inTurn(() => this.#rollAll((now, tiers) => pickBefore(now, tiers, ofSources))),
      );
      return keys;
    } catch (error) {
      this.#core.settings.listener.backgroundError?.(toError(error));
      return windows.filter((window) => !ofSources.includes(window)).map(({ key }) => key);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#turn;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #rollUp(budgetMs: number, all: boolean): Promise<RollupOutcome> {
    this.#turnMemories();
    // On a full disk what is left of it is for flushing and expiry.
    if (this.#core.trouble.refusal !== undefined) return { windows: 0, steps: 0, due: this.due };
    const wish = this.#wish(all);
    const outcome = await this.#rollAll((state, tiers) => pickRollup(state, tiers, wish), budgetMs);
    await this.#core.catalog.apply(forgetMarks);
    return outcome;
  }

  async #rollAll(
    pick: (state: ManifestState, tiers: readonly Tier[]) => RollupBatch | undefined,
    budgetMs = Infinity,
  ): Promise<RollupOutcome> {
    const { clock } = this.#core.env;
    const endMs = clock.monotonicMs() + budgetMs;
    const outcome = { windows: 0, steps: 0 };
    do {
      const done = await rollUpNext(this.#core, (state) => pick(state, this.#tiers()));
      if (done === undefined) break;
      outcome.windows += done.windows;
      outcome.steps += done.steps;
      this.#rolledUp();
    } while (!this.#isStopped && clock.monotonicMs() < endMs);
    return { ...outcome, due: this.due };
  }

  #tiers(): Tier[] {
    const { catalog, series } = this.#core;
    return tiersInForce(catalog.state, series.policies.policies);
  }

  #wish(all: boolean): RollupWish {
    const { env, settings } = this.#core;
    const { graceMs } = settings.windowLimits;
    // Points of a window wait in memory for so long after its end.
    const settleMs = settings.memtableAgeMsMax + graceMs;
    return {
      nowMs: env.clock.nowMs(),
      settleMs: all ? Number.NEGATIVE_INFINITY : settleMs,
      isQuiet: (tier, source) => all || this.#quietMs(tier, source) >= graceMs,
    };
  }

  /** How long nothing came, as far as it is remembered. */
  #quietMs(tier: Tier, { startMs, freshTables }: SourceWindow): number {
    const nowMs = this.#core.env.clock.monotonicMs();
    const key = `${tier.id}/${startMs}`;
    const sequence = Math.max(0, ...freshTables.map((table) => table.sequence));
    const known = this.#memories.get(key) ?? this.#before.get(key);
    const memory = known?.sequence === sequence ? known : { sequence, atMs: nowMs };
    this.#memories.set(key, memory);
    return nowMs - memory.atMs;
  }

  /** What was not looked at since the turn before is not lacking any more. */
  #turnMemories(): void {
    this.#before = this.#memories;
    this.#memories = new Map();
  }
}

function pickBefore(
  state: ManifestState,
  tiers: readonly Tier[],
  windows: readonly WindowInfo[],
): RollupBatch | undefined {
  for (const tier of tiers) {
    const own = windows.filter((window) => policyIdOf(window) === tier.rollup.sourceId);
    const beforeMs = own.reduce((latest, { endMs }) => Math.max(latest, endMs), -Infinity);
    const batch = pickRollupBefore(state, [tier], beforeMs);
    if (batch !== undefined) return batch;
  }
  return undefined;
}
