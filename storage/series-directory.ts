// Who is who: label sets to ids and back, new series registered, and the policy of each. The
// registry answers for series in use; the tag index on disk knows the rest.

import { assert } from './assert.ts';
import { refusalOfForgotten } from './errors.ts';
import { IdSet } from './series/id-set.ts';
import type { Labels, SeriesId } from './series/labels.ts';
import { createLabelsCache } from './series/labels-cache.ts';
import { createLabelsKeys, keptKey, keyIn, type LabelsKey } from './series/labels-key.ts';
import { SeriesRegistry } from './series/registry.ts';
import { findSeries, labelsOf } from './tag-index/reader.ts';
import type { IndexView } from './tag-index/view.ts';
import type { PolicySet } from './types.ts';
import type { Version } from './version.ts';
import type { NewSeries, SeriesEntry } from './wal/record.ts';

const SERIES_ID_MAX = 2 ** 32 - 1;

export interface SeriesDirectoryOptions {
  /** Larger than any id given before. */
  readonly nextId: SeriesId;
  readonly policies: PolicySet;
  /** By position in `policies`, the id under which a policy is stored. */
  readonly policyIds: readonly number[];
  currentVersion(): Version;
  /** Memory from which on the registry lets go of series that are not in use, bytes. */
  readonly cacheBytes: number;
  /** Throws when no new series can be taken. */
  assertWritable(): void;
  /** Makes new series durable ahead of points that use them; called before `resolve` returns. */
  register(series: readonly NewSeries[]): void;
}

/** A label set that is not in use; its key is made once and serves it all the way. */
interface LabelsToFind {
  readonly position: number;
  readonly labels: Labels;
  readonly key: LabelsKey;
}

export class SeriesDirectory {
  readonly #options: SeriesDirectoryOptions;
  readonly #registry = new SeriesRegistry();
  readonly #recent = createLabelsCache();
  readonly #keyOf = createLabelsKeys();
  #policies: PolicySet;
  #policyIds: readonly number[];
  #nextId: SeriesId;
  #count = 0;
  /** Since the start; an id that was resolved before it may still be written to. */
  readonly #forgotten = new IdSet();
  /** Rises whenever something leaves the registry: what was looked up meanwhile may be old. */
  #departures = 0;
  #resolved = new IdSet();
  #resolvedBefore = new IdSet();

  constructor(options: SeriesDirectoryOptions) {
    this.#options = options;
    this.#policies = options.policies;
    this.#policyIds = options.policyIds;
    this.#nextId = options.nextId;
  }

  /** Every id given is below. */
  get nextId(): SeriesId {
    return this.#nextId;
  }

  /** Series given an id and not forgotten. */
  get count(): number {
    return this.#count;
  }

  /** Memory of the series in use, bytes. */
  get cacheBytes(): number {
    return this.#registry.memoryBytes;
  }

  /** How many of the series there are had an id before the start, and those that replay met. */
  begin(count: number): void {
    this.#count = count;
  }

  get policies(): PolicySet {
    return this.#policies;
  }

  /** Index of the policy of a series; undefined when it is not in use: see load. */
  policyOf(id: SeriesId): number | undefined {
    return this.#registry.policyOf(id);
  }

  /** Labels of a series; undefined likewise. */
  labelsInUse(id: SeriesId): Labels | undefined {
    return this.#registry.labelsOf(id);
  }

  /** The policy id under which points of a series in use are stored. */
  policyIdOf(id: SeriesId): number {
    const policy = this.policyOf(id);
    assert(policy !== undefined, 'the series is in use');
    return this.#policyIds[policy]!;
  }

  /** Takes new policies: every series in use is assigned anew. */
  setPolicies(policies: PolicySet, policyIds: readonly number[]): void {
    this.#policies = policies;
    this.#policyIds = policyIds;
    for (const id of this.#registry.ids()) {
      this.#registry.setPolicy(id, policies.policyOf(this.#registry.labelsOf(id)!));
    }
  }

  /** See Storage.resolve. */
  resolve(
    labelSets: readonly Labels[],
    admit: (position: number) => boolean,
  ): Uint32Array | Promise<Uint32Array> {
    const ids = new Uint32Array(labelSets.length);
    const unknown: LabelsToFind[] = [];
    for (let position = 0; position < ids.length; position++) {
      const labels = labelSets[position]!;
      const key = this.#keyOf(labels);
      const id = this.#registry.find(key);
      ids[position] = id;
      if (id === 0) unknown.push({ position, labels, key: keptKey(key) });
      else this.#resolved.add(id);
    }
    if (unknown.length === 0) return ids;
    const known = this.#findOnDisk(unknown);
    if (!(known instanceof Promise)) return this.#adopt(unknown, known, ids, admit);
    const departures = this.#departures;
    return known.then((found) =>
      departures === this.#departures
        ? this.#adopt(unknown, found, ids, admit)
        : this.resolve(labelSets, admit),
    );
  }

  /** See Storage.load. */
  bringIntoUse(ids: Uint32Array): Promise<void> | undefined {
    // A loop: it is asked of every point of batches that are old enough for a rule to meet them.
    for (let i = 0; i < ids.length; i++) {
      if (this.#registry.policyOf(ids[i]!) !== undefined) continue;
      return this.load(ids.slice().sort()).then(() => undefined);
    }
    return undefined;
  }

  /** Brings series that the index knows into use; `ids` ascend. Returns those it does not. */
  async load(ids: Uint32Array): Promise<SeriesId[]> {
    const missing = ids.filter((id) => this.#registry.policyOf(id) === undefined);
    if (missing.length === 0) return [];
    const version = this.#options.currentVersion().retain();
    try {
      const found = await labelsOf(version.index, missing);
      const lost: SeriesId[] = [];
      for (const [position, id] of missing.entries()) {
        const labels = found[position];
        if (labels === undefined || this.#forgotten.has(id)) lost.push(id);
        else if (this.#registry.policyOf(id) === undefined)
          this.#use(this.#keyOf(labels), labels, id);
      }
      return lost;
    } finally {
      version.release();
    }
  }

  /** Series with points that were just flushed are in use; of the rest some may have to leave. */
  flushed(ids: Uint32Array): void {
    for (const id of ids) this.#registry.touch(id);
    if (this.#registry.memoryBytes <= this.#options.cacheBytes) return;
    this.#registry.turn();
    this.#departures++;
  }

  /** A series is no more. The caller has made sure that nothing has a point of it. */
  forget(id: SeriesId): void {
    assert(!this.#forgotten.has(id), 'a series is forgotten once');
    this.#registry.forget(id);
    this.#forgotten.add(id);
    this.#count--;
    this.#departures++;
  }

  /** See Storage.findInUse. */
  findInUse(bytes: Uint8Array, length: number): SeriesId {
    const id = this.#registry.find(keyIn(bytes, length));
    if (id !== 0) this.#resolved.add(id);
    return id;
  }

  /** See Storage.renew. */
  renew(id: SeriesId): boolean {
    if (this.#forgotten.has(id)) return false;
    this.#resolved.add(id);
    return true;
  }

  /** Throws when points come under an id whose labels are gone. */
  assertKnown(ids: Uint32Array): void {
    if (this.#forgotten.hasAny(ids)) throw refusalOfForgotten();
  }

  /** Whether somebody may be about to write to it: it was resolved since the turn before last. */
  wasResolved(id: SeriesId): boolean {
    return this.#resolved.has(id) || this.#resolvedBefore.has(id);
  }

  /** What was resolved before the turn before was written to by now. */
  turnResolved(): void {
    this.#resolvedBefore = this.#resolved;
    this.#resolved = new IdSet();
  }

  /** Takes series that a WAL record registers, in replay. */
  replay(entries: readonly SeriesEntry[], view: IndexView): void {
    for (const { id, labels } of entries) {
      const key = this.#keyOf(labels);
      view.memory.add(key, id);
      // The labels of a series that was forgotten, which the crash kept from being written.
      const before = this.#registry.find(key);
      if (before !== 0 && before !== id) this.#registry.forget(before);
      if (before !== id) this.#use(key, labels, id);
      this.#nextId = Math.max(this.#nextId, id + 1);
    }
  }

  /** Ids that points have are taken, even when damage took the record that told their labels. */
  replayIds(largest: SeriesId): void {
    this.#nextId = Math.max(this.#nextId, largest + 1);
  }

  /** Labels of series in id order; undefined for those that nobody knows. */
  async labelsOf(view: IndexView, ids: Uint32Array): Promise<(Labels | undefined)[]> {
    const labels = Array.from(ids, (id) => this.#registry.labelsOf(id) ?? this.#recent.get(id));
    const missing = ids.filter((_, position) => labels[position] === undefined);
    if (missing.length === 0) return labels;
    const read = await labelsOf(view, missing);
    for (const [position, found] of read.entries()) {
      if (found !== undefined) this.#recent.set(missing[position]!, found);
    }
    const rest = read.values();
    return labels.map((known) => known ?? rest.next().value);
  }

  /** The ids that label sets have, 0 where there is none; at once when no block must be read. */
  #findOnDisk(unknown: readonly LabelsToFind[]): SeriesId[] | Promise<SeriesId[]> {
    const version = this.#options.currentVersion().retain();
    const found = unknown.map(({ key }) => findSeries(version.index, key));
    if (found.every((id) => typeof id === 'number')) {
      version.release();
      return found;
    }
    return Promise.all(found).finally(() => version.release());
  }

  /** Fills in the ids that were found, and registers what is admitted of the rest. */
  #adopt(
    unknown: readonly LabelsToFind[],
    found: readonly SeriesId[],
    ids: Uint32Array,
    admit: (position: number) => boolean,
  ): Uint32Array {
    const fresh: NewSeries[] = [];
    for (const [i, { position, labels, key }] of unknown.entries()) {
      // Somebody else, or an earlier position, may have brought it into use since.
      const inUse = this.#registry.find(key);
      if (inUse !== 0) ids[position] = inUse;
      else if (found[i] !== 0) ids[position] = this.#use(key, labels, found[i]!);
      else if (admit(position)) {
        if (fresh.length === 0) this.#options.assertWritable();
        const id = this.#use(key, labels, this.#takeId());
        ids[position] = id;
        this.#count++;
        fresh.push({ id, labels, key });
      }
      this.#resolved.add(ids[position]!);
    }
    if (fresh.length > 0) this.#options.register(fresh);
    return ids;
  }

  #use(key: LabelsKey, labels: Labels, id: SeriesId): SeriesId {
    this.#registry.add(key, id, this.#policies.policyOf(labels));
    return id;
  }

  #takeId(): SeriesId {
    assert(this.#nextId < SERIES_ID_MAX, 'there are series ids left');
    return this.#nextId++;
  }
}
