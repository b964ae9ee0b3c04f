// Random questions, put to the engine and to the naive model that holds the same points.

import * as assert from 'uvu/assert';
import type {
  EventSearch,
  Labels,
  Matcher,
  ScanRequest,
  Storage,
  TimeRange,
} from '../../storage/index.ts';
import type { Rng } from '../sim/rng.ts';
import { appendEvents, containing, linesOf, scanLines } from '../support/events.ts';
import type { Contents } from '../support/ledger.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import { EVERYTHING } from '../support/storage.ts';
import { STREAM_LABEL } from '../support/witness.ts';
import { HOUR_MS } from './places.ts';

/** What there is of points and events; `contents` is what all of the storage holds. */
export async function askPoints(storage: Storage, contents: Contents, rng: Rng): Promise<void> {
  const model = await modelOf(contents);
  for (let count = 3; count > 0; count--) {
    const request = { selectors: randomSelectors(rng), ...randomRange(rng) };
    assert.equal(await answer(storage, request), await answer(model, request));
  }
  const search = randomSearch(rng);
  for (const ask of [
    async (asked: Storage) => linesOf(await asked.findEvents(search)).map(withoutStream),
    async (asked: Storage) => (await scanLines(asked, search)).sort(),
  ]) {
    assert.equal(await ask(storage), await ask(model));
  }
}

/** Which series there are. */
export async function askLists(storage: Storage, contents: Contents, rng: Rng): Promise<void> {
  const model = await modelOf(contents);
  const selectors = randomSelectors(rng);
  const name = rng.pick(['__name__', 'job', 'series', 'other']);
  for (const ask of [
    async (asked: Storage) => (await asked.series(selectors, EVERYTHING)).map(textOf).sort(),
    (asked: Storage) => asked.labelNames(selectors, EVERYTHING),
    (asked: Storage) => asked.labelValues(name, selectors, EVERYTHING),
  ]) {
    assert.equal(await ask(storage), await ask(model));
  }
}

async function modelOf(contents: Contents): Promise<Storage> {
  const model = createNaiveStorage();
  for (const [labels, points] of contents) {
    const ofSeries = JSON.parse(labels) as Labels;
    const isStream = ofSeries.some(({ name }) => name === STREAM_LABEL.name);
    if (isStream) {
      const events = points.map(([timestampMs]) => ({ labels: ofSeries, timestampMs }));
      await appendEvents(
        model,
        events.map((event) => ({ ...event, body: String(event.timestampMs) })),
      );
      continue;
    }
    const [id] = await model.resolve([ofSeries]);
    const values = BigUint64Array.from(points, ([, bits]) => bits);
    await model.append({
      ids: new Uint32Array(points.length).fill(id!),
      timestampsMs: Float64Array.from(points, ([timestampMs]) => timestampMs),
      values: new Float64Array(values.buffer),
    });
  }
  return model;
}

/** One line for each series: the two give ids of their own, and so another order. */
async function answer(storage: Storage, request: ScanRequest): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of storage.scan(request)) {
    for (const { labels, timestampsMs, values } of batch) {
      lines.push(`${textOf(labels)} ${timestampsMs.join()} ${values.join()}`);
    }
  }
  return lines.sort();
}

/** At equal times the two have an order of their own, that of their ids. */
function withoutStream(line: string): string {
  return textOf((JSON.parse(line) as unknown[]).slice(1));
}

function randomSearch(rng: Rng): EventSearch {
  const { startMs, endMs } = randomRange(rng);
  return {
    selectors: randomSelectors(rng),
    start: { ms: startMs, nanos: 0 },
    end: { ms: endMs, nanos: rng.below(2) },
    direction: rng.pick(['forward', 'backward'] as const),
    limit: rng.pick([1, 3, 1000]),
    bytesMax: 2 ** 30,
    ...(rng.chance(0.3) && { filter: containing(rng.pick(['000', '36', '0001'])) }),
  };
}

function textOf(value: unknown): string {
  return JSON.stringify(value);
}

function randomSelectors(rng: Rng): Matcher[][] {
  return Array.from({ length: 1 + rng.below(2) }, () => randomMatchers(rng));
}

export function randomMatchers(rng: Rng): Matcher[] {
  return Array.from({ length: rng.below(3) }, () => randomMatcher(rng));
}

function randomMatcher(rng: Rng): Matcher {
  const type = rng.pick(['=', '!=', '=~', '!~'] as const);
  const isRegex = type === '=~' || type === '!~';
  const series = isRegex ? `s${rng.below(6)}.?` : `s${rng.below(60)}`;
  const job = isRegex ? 'j[12]|' : `j${rng.below(5)}`;
  return rng.pick([
    { name: 'series', type, value: series },
    { name: 'job', type, value: job },
    { name: 'other', type, value: rng.pick(['', 'x']) },
  ]);
}

export function randomRange(rng: Rng): TimeRange {
  if (rng.chance(0.2)) return EVERYTHING;
  const startMs = rng.below(20) * HOUR_MS - 8 * HOUR_MS + rng.below(3) * 1000;
  return { startMs, endMs: startMs + rng.pick([1, 1500, HOUR_MS, 7 * HOUR_MS]) };
}
