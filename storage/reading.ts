// The questions that a storage answers. Each is put to one Version, which is held until the
// answer is whole.

import type { Core } from './core.ts';
import { findEvents } from './events/find-events.ts';
import { scanEvents } from './events/scan-events.ts';
import { censusIn, isAll, labelNamesIn, labelValuesIn, seriesIn } from './listing.ts';
import { scanSlices, scanVersion } from './scan.ts';
import { cardinalityIn } from './tag-index/cardinality.ts';
import { passDamagedBlocks } from './tag-index/damage.ts';
import type { Postings } from './tag-index/postings.ts';
import { select } from './tag-index/select.ts';
import { createViewCache } from './tag-index/view-cache.ts';
import type { ScanRequest, Storage } from './types.ts';
import type { Version } from './version.ts';

export type Reading = Pick<
  Storage,
  | 'scan'
  | 'scanSlices'
  | 'scanEvents'
  | 'findEvents'
  | 'series'
  | 'labelNames'
  | 'labelValues'
  | 'cardinality'
  | 'census'
>;

/** Which series are asked about. */
type Question = Pick<ScanRequest, 'selectors' | 'signal' | 'onCorruption'>;

/** Series of a selection that is kept: 64 of them take 4 MiB at most. */
const SELECTION_MAX = 16_384;
/** Values of a label that are kept. */
const VALUES_MAX = 1024;

/** `assertOpen` throws once the storage is closed. */
export function createReading(core: Core, assertOpen: () => void): Reading {
  const pause = () => core.env.scheduler.nextTurn();
  const selections = createViewCache<Postings>(({ length }) => length, SELECTION_MAX);
  const valuesOfAll = createViewCache<readonly string[]>(({ length }) => length, VALUES_MAX);

  async function ask<T>(question: (version: Version) => Promise<T>): Promise<T> {
    assertOpen();
    const version = core.catalog.version.retain();
    try {
      return await question(version);
    } finally {
      version.release();
    }
  }

  function read<T>(
    question: Question,
    scan: (version: Version, ids: Uint32Array) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, void> {
    assertOpen();
    return readHeld(question, scan);
  }

  async function* readHeld<T>(
    question: Question,
    scan: (version: Version, ids: Uint32Array) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, void> {
    const version = core.catalog.version.retain();
    try {
      yield* scan(version, await idsOf(version, question));
    } finally {
      version.release();
    }
  }

  /** Damage of the tag index is told of: series may be missing. */
  async function idsOf(version: Version, question: Question): Promise<Uint32Array> {
    const { index } = version;
    const { selectors, signal } = question;
    const ids = await selections.get(index, JSON.stringify(selectors), () =>
      select(index, selectors, () => {
        signal?.throwIfAborted();
        return pause();
      }),
    );
    passDamagedBlocks(version.index, question);
    for (const lost of core.catalog.lostIndexTables) question.onCorruption?.(lost);
    return ids;
  }

  return {
    scan: (request) => read(request, (version, ids) => scanVersion(version, ids, request, core)),
    scanSlices: (request) =>
      read(request, (version, ids) => scanSlices(version, ids, request, core)),
    scanEvents: (request) =>
      read(request, (version, ids) => scanEvents(version, ids, request, core)),
    findEvents: (search) =>
      ask(async (version) => findEvents(version, await idsOf(version, search), search, core)),
    series: (selectors, range) => ask((version) => seriesIn(version, core, selectors, range)),
    labelNames: (selectors, range) =>
      ask((version) => labelNamesIn(version, core, selectors, range)),
    labelValues: (name, selectors, range) =>
      ask(async (version) => {
        const find = () => labelValuesIn(version, core, name, selectors, range);
        if (!isAll(version, selectors, range)) return find();
        return [...(await valuesOfAll.get(version.index, name, find))];
      }),
    cardinality: (top) => ask(({ index }) => cardinalityIn(index, top, pause)),
    census: (matchers, sampleMax) => ask((version) => censusIn(version, core, matchers, sampleMax)),
  };
}
