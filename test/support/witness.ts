// Uses a storage and keeps the ledger of it: what is said here is what a crash is judged by.

import type {
  Labels,
  Matcher,
  PolicySet,
  Storage,
  TimeRange,
  WindowInfo,
} from '../../storage/index.ts';
import {
  type Contents,
  type Covers,
  checkContents,
  checkIds,
  homeOf,
  homeOfWindow,
  type LedgerEvent,
} from './ledger.ts';
import { satisfies } from './naive-storage.ts';
import { EVERYTHING } from './storage.ts';

export interface Place {
  readonly labels: Labels;
  readonly timestampMs: number;
}

export class Witness {
  readonly events: LedgerEvent[];
  /** In force; changed by setPolicies alone. */
  policies: PolicySet;
  /** Whether operations of the disk may fail at the moment. */
  isDiskFaulty = false;
  #batches: number;

  constructor(policies: PolicySet, events: readonly LedgerEvent[] = []) {
    this.policies = policies;
    this.events = [...events];
    this.#batches = events.filter(({ kind }) => kind === 'sent').length;
  }

  /**
   * Sends a point of a new value to each place; no place occurs twice. `between` comes after the
   * series are resolved, and before their points are appended.
   */
  async write(
    storage: Storage,
    places: readonly Place[],
    between: () => Promise<void> = async () => undefined,
  ): Promise<void> {
    const ids = await storage.resolve(places.map(({ labels }) => labels));
    this.#doubtRefused();
    await between();
    const batch = ++this.#batches;
    const points = places.map(({ labels, timestampMs }, i) => {
      const policy = this.policies.policies[this.policies.policyOf(labels)]!;
      const home = homeOf(policy, timestampMs);
      return { labels, timestampMs, value: batch * 1000 + i, id: ids[i]!, home };
    });
    this.events.push({ kind: 'sent', batch, points });
    await storage.append({
      ids,
      timestampsMs: Float64Array.from(points, ({ timestampMs }) => timestampMs),
      values: Float64Array.from(points, ({ value }) => value),
    });
    this.events.push({ kind: 'acknowledged', batch });
  }

  /** To be called when no write is under way. */
  async flush(storage: Storage): Promise<void> {
    await storage.flush();
    this.events.push({ kind: 'flushed', batch: this.#batches });
  }

  async drop(storage: Storage, windows: readonly WindowInfo[]): Promise<void> {
    const homes = new Set(windows.map(homeOfWindow));
    const drop = () => storage.dropWindows(windows.map(({ key }) => key));
    await this.#erase(({ home }) => homes.has(home), drop, this.isDiskFaulty);
  }

  /** To be called when no write is under way. */
  async delete(storage: Storage, matchers: readonly Matcher[], range: TimeRange): Promise<void> {
    const { startMs, endMs } = range;
    const covers: Covers = ({ labels, timestampMs }) =>
      timestampMs >= startMs && timestampMs < endMs && satisfies(labels, matchers);
    await this.#erase(covers, () => storage.deletePoints([matchers], range), false);
  }

  async #erase(covers: Covers, erase: () => Promise<unknown>, flushedOnly: boolean): Promise<void> {
    this.#doubtRefused();
    this.events.push({ kind: 'erasing', covers });
    await erase();
    this.events.push({ kind: 'erased', covers, flushedOnly });
  }

  /** What was refused, and no crash has settled since, may be carried out at any time. */
  #doubtRefused(): void {
    const last = this.events.findLast(({ kind }) =>
      /^(?:erasing|erased|doubtful|found)$/.test(kind),
    );
    if (last?.kind === 'erasing') this.events.push({ kind: 'doubtful', covers: last.covers });
  }

  /** To be called after a flush with no write since: then a point's window is known. */
  async setPolicies(storage: Storage, policies: PolicySet): Promise<void> {
    await storage.setPolicies(policies);
    this.policies = policies;
  }

  /** Reads all there is and holds it against the ledger. */
  async check(storage: Storage): Promise<Contents> {
    const { contents, ids } = await readAll(storage);
    checkContents(contents, this.events);
    checkIds(ids, this.events);
    return contents;
  }

  /** The same after a crash: what is found is from now on what there must be. */
  async checkFound(storage: Storage): Promise<void> {
    this.events.push({ kind: 'found', contents: await this.check(storage) });
  }
}

async function readAll(storage: Storage) {
  const contents = new Map<string, [number, bigint][]>();
  const ids = new Map<string, number>();
  for await (const batch of storage.scan({ selectors: [[]], ...EVERYTHING })) {
    for (const { id, labels, timestampsMs, values } of batch) {
      const bits = new BigUint64Array(values.slice().buffer);
      const key = JSON.stringify(labels);
      if (contents.has(key)) throw new Error(`two series have the labels ${key}`);
      ids.set(key, id);
      contents.set(
        key,
        Array.from(timestampsMs, (t, i): [number, bigint] => [t, bits[i]!]),
      );
    }
  }
  return { contents, ids };
}
