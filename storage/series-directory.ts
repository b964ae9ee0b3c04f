// Who is who: label sets to ids and back, new series registered, and the policy of each. The
// registry answers for series in use; the tag index on disk knows the rest.

import { assert } from './assert.ts';
import type { Labels, SeriesId } from './series/labels.ts';
import { createLabelsCache } from './series/labels-cache.ts';
import { createLabelsKeys, type LabelsKey } from './series/labels-key.ts';
import { SeriesRegistry } from './series/registry.ts';
import { findSeries, labelsOf } from './tag-index/reader.ts';
import type { IndexView } from './tag-index/view.ts';
import type { PolicySet } from './types.ts';
import type { Version } from './version.ts';
import type { SeriesEntry } from './wal/record.ts';

const SERIES_ID_MAX = 2 ** 32 - 1;

export interface SeriesDirectoryOptions {
  /** Larger than any id given before. */
  readonly nextId: SeriesId;
  readonly policies: PolicySet;
  /** By position in `policies`, the id under which a policy is stored. */
  readonly policyIds: readonly number[];
  currentVersion(): Version;
  /** Throws when no new series can be taken. */
  assertWritable(): void;
  /** Makes new series durable ahead of points that use them; called before `resolve` returns. */
  register(entries: readonly SeriesEntry[], keys: readonly LabelsKey[]): void;
}

export class SeriesDirectory {
  readonly #options: SeriesDirectoryOptions;
  readonly #registry = new SeriesRegistry();
  readonly #recent = createLabelsCache();
  readonly #keyOf = createLabelsKeys();
  #policies: PolicySet;
  #policyIds: readonly number[];
  #nextId: SeriesId;

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
    return this.#nextId - 1;
  }

  get policies(): PolicySet {
    return this.#policies;
  }

  /** Index of the policy of a series that was resolved or loaded. */
  policyOf(id: SeriesId): number {
    const policy = this.#registry.policyOf(id);
    assert(policy !== undefined, 'the series is in use');
    return policy;
  }

  /** The policy id under which points of such a series are stored. */
  policyIdOf(id: SeriesId): number {
    return this.#policyIds[this.policyOf(id)]!;
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
    const unknown: number[] = [];
    for (let position = 0; position < ids.length; position++) {
      const id = this.#registry.find(this.#keyOf(labelSets[position]!));
      ids[position] = id;
      if (id === 0) unknown.push(position);
    }
    if (unknown.length === 0) return ids;
    const known = this.#findOnDisk(labelSets, unknown);
    if (known instanceof Promise) {
      return known.then((found) => this.#adopt(labelSets, unknown, found, ids, admit));
    }
    return this.#adopt(labelSets, unknown, known, ids, admit);
  }

  /** Brings series that the tag index knows into use. Returns those that nobody knows. */
  async load(ids: Uint32Array): Promise<SeriesId[]> {
    const missing = ids.filter((id) => this.#registry.policyOf(id) === undefined);
    if (missing.length === 0) return [];
    const version = this.#options.currentVersion().retain();
    try {
      const found = await labelsOf(version.index, missing);
      const lost: SeriesId[] = [];
      for (const [position, id] of missing.entries()) {
        const labels = found[position];
        if (labels === undefined) lost.push(id);
        else if (this.#registry.policyOf(id) === undefined) this.#use(labels, id);
      }
      return lost;
    } finally {
      version.release();
    }
  }

  /** Takes series that a WAL record registers, in replay. */
  replay(entries: readonly SeriesEntry[], view: IndexView): void {
    for (const { id, labels } of entries) {
      const key = this.#keyOf(labels);
      view.memory.add(key, labels, id);
      if (this.#registry.find(key) === 0) this.#use(labels, id);
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

  /** Ids of the sets at `positions`, 0 where there is none; at once when no block must be read. */
  #findOnDisk(
    labelSets: readonly Labels[],
    positions: readonly number[],
  ): SeriesId[] | Promise<SeriesId[]> {
    const version = this.#options.currentVersion().retain();
    // A key lives until the next one is made, so one that is awaited is copied.
    const found = positions.map((position) =>
      findSeries(version.index, copyOf(this.#keyOf(labelSets[position]!))),
    );
    if (found.every((id) => typeof id === 'number')) {
      version.release();
      return found;
    }
    return Promise.all(found).finally(() => version.release());
  }

  /** Fills in the ids that were found, and registers what is admitted of the rest. */
  #adopt(
    labelSets: readonly Labels[],
    positions: readonly number[],
    found: readonly SeriesId[],
    ids: Uint32Array,
    admit: (position: number) => boolean,
  ): Uint32Array {
    const entries: SeriesEntry[] = [];
    const keys: LabelsKey[] = [];
    for (const [i, position] of positions.entries()) {
      const labels = labelSets[position]!;
      // Somebody else, or an earlier position, may have brought it into use since.
      const inUse = this.#registry.find(this.#keyOf(labels));
      if (inUse !== 0) ids[position] = inUse;
      else if (found[i] !== 0) ids[position] = this.#use(labels, found[i]!);
      else if (admit(position)) {
        if (entries.length === 0) this.#options.assertWritable();
        ids[position] = this.#use(labels, this.#takeId());
        entries.push({ id: ids[position]!, labels });
        keys.push(copyOf(this.#keyOf(labels)));
      }
    }
    if (entries.length > 0) this.#options.register(entries, keys);
    return ids;
  }

  #use(labels: Labels, id: SeriesId): SeriesId {
    this.#registry.add(this.#keyOf(labels), id, this.#policies.policyOf(labels));
    return id;
  }

  #takeId(): SeriesId {
    assert(this.#nextId < SERIES_ID_MAX, 'there are series ids left');
    return this.#nextId++;
  }
}

function copyOf({ bytes, length, hash }: LabelsKey): LabelsKey {
  return { bytes: bytes.slice(0, length), length, hash };
}
