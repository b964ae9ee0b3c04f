// Uses a storage and keeps the ledger of it: what is said here is what a crash is judged by.

import * as assert from 'uvu/assert';
import {
  EventBuffer,
  type Label,
  type Labels,
  type Matcher,
  type PolicySet,
  type Storage,
  type TimeRange,
  type WindowInfo,
} from '../../storage/index.ts';
import { ALL_EVENTS } from './events.ts';
import {
  type Contents,
  type Covers,
  checkContents,
  checkIds,
  homeOf,
  homeOfWindow,
  type LedgerEvent,
  type LedgerPoint,
} from './ledger.ts';
import { satisfying } from './naive-storage.ts';
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
   * Sends a point of a new value to each place, no place occurring twice, and to one in eight an
   * event as well, of a stream beside the series. `between` comes after the series are resolved,
   * and before anything is appended.
   */
  async write(
    storage: Storage,
    places: readonly Place[],
    between: () => Promise<void> = async () => undefined,
  ): Promise<void> {
    const eventPlaces = places.filter((_, i) => i % 8 === 0).map(besideSeries);
    const ids = await storage.resolve([...places, ...eventPlaces].map(({ labels }) => labels));
    this.#doubtRefused();
    await between();
    const batch = ++this.#batches;
    const sent = (id: number, { labels, timestampMs }: Place, value: number): LedgerPoint => {
      const policy = this.policies.policies[this.policies.policyOf(labels)]!;
      const home = homeOf(policy, timestampMs);
      return { key: JSON.stringify(labels), labels, timestampMs, value, id, home };
    };
    const points = places.map((place, i) => sent(ids[i]!, place, batch * 1000 + i));
    // An event is the same whenever it is sent to a place: its body says when.
    const events = eventPlaces.map((place, i) => {
      return sent(ids[places.length + i]!, place, place.timestampMs);
    });
    this.events.push({ kind: 'sent', batch, points: [...points, ...events] });
    await storage.append({
      ids: ids.subarray(0, places.length),
      timestampsMs: Float64Array.from(points, ({ timestampMs }) => timestampMs),
      values: Float64Array.from(points, ({ value }) => value),
    });
    const buffer = new EventBuffer();
    for (const { id, timestampMs, value } of events) {
      buffer.add(id, timestampMs, 0, Buffer.from(String(value)));
    }
    await storage.appendEvents(buffer.columns());
    this.events.push({ kind: 'acknowledged', batch });
  }

  /** To be called when no write is under way. */
  async flush(storage: Storage): Promise<void> {
    await storage.flush();
    this.events.push({ kind: 'flushed', batch: this.#batches });
  }

  /** Those that stay, as their summaries could not be written, are none of the result. */
  async drop(storage: Storage, windows: readonly WindowInfo[]): Promise<readonly WindowInfo[]> {
    const homes = new Set(windows.map(homeOfWindow));
    const drop = async () => {
      const keys = new Set(
        (await storage.dropWindows([...windows.map(({ key }) => key)])).map(keyOf),
      );
      const left = new Set(storage.windows().map(keyOf));
      const kept = windows.filter(
        (own) => this.#hasTiers(own) && !keys.has(own.key) && left.has(own.key),
      );
      for (const window of kept) homes.delete(homeOfWindow(window));
      return windows.filter((window) => !kept.includes(window));
    };
    return this.#erase(({ home }) => homes.has(home), drop, this.isDiskFaulty);
  }

  /** To be called when no write is under way. */
  async delete(storage: Storage, matchers: readonly Matcher[], range: TimeRange): Promise<void> {
    const { startMs, endMs } = range;
    const isMeant = satisfying(matchers);
    const covers: Covers = ({ labels, timestampMs }) =>
      timestampMs >= startMs && timestampMs < endMs && isMeant(labels);
    await this.#erase(covers, () => storage.deletePoints([matchers], range), false);
  }

  #hasTiers({ policy }: WindowInfo): boolean {
    return this.policies.policies.some(
      ({ name, rollups = [] }) => name === policy.name && rollups.length > 0,
    );
  }

  async #erase<Result>(
    covers: Covers,
    erase: () => Promise<Result>,
    flushedOnly: boolean,
  ): Promise<Result> {
    this.#doubtRefused();
    this.events.push({ kind: 'erasing', covers });
    const result = await erase();
    this.events.push({ kind: 'erased', covers, flushedOnly });
    return result;
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

/** The label that makes a stream of a series: its name sorts behind all others. */
export const STREAM_LABEL: Label = { name: 'zz', value: 'events' };

function keyOf({ key }: WindowInfo): string {
  return key;
}

function besideSeries({ labels, timestampMs }: Place): Place {
  return { labels: [...labels, STREAM_LABEL], timestampMs };
}

/** Points, and of streams the events, each as a point whose value is its body. */
async function readAll(storage: Storage) {
  const contents = new Map<string, [number, bigint][]>();
  const ids = new Map<string, number>();
  for await (const batch of storage.scan({ selectors: [[]], ...EVERYTHING })) {
    for (const { id, labels, timestampsMs, values, isEvents = false } of batch) {
      const bits = new BigUint64Array((isEvents ? timestampsMs : values).slice().buffer);
      const key = JSON.stringify(labels);
      if (contents.has(key)) throw new Error(`two series have the labels ${key}`);
      ids.set(key, id);
      contents.set(
        key,
        Array.from(timestampsMs, (t, i): [number, bigint] => [t, bits[i]!]),
      );
    }
  }
  const streams = new Map<string, [number, bigint][]>();
  for await (const events of storage.scanEvents(ALL_EVENTS)) {
    for (const { labels, timestampMs, body } of events) {
      const key = JSON.stringify(labels);
      const [bits] = new BigUint64Array(Float64Array.of(Number(Buffer.from(body))).buffer);
      const ofStream = streams.get(key) ?? [];
      streams.set(key, ofStream);
      ofStream.push([timestampMs, bits!]);
    }
  }
  for (const [key, events] of streams) assert.equal(contents.get(key), events, key);
  return { contents, ids };
}
