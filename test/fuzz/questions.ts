// Random questions, put to the engine and to the naive model that holds the same points.

import * as assert from 'uvu/assert';
import type { Matcher, ScanRequest, Storage, TimeRange } from '../../storage/index.ts';
import type { Rng } from '../sim/rng.ts';
import type { Contents } from '../support/ledger.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import { EVERYTHING } from '../support/storage.ts';
import { HOUR_MS } from './places.ts';

/** `contents` is what all of the storage holds. */
export async function askQuestions(storage: Storage, contents: Contents, rng: Rng): Promise<void> {
  const model = await modelOf(contents);
  for (let count = 3; count > 0; count--) {
    const request = { selectors: randomSelectors(rng), ...randomRange(rng) };
    assert.equal(await answer(storage, request), await answer(model, request));
  }
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
    const [id] = await model.resolve([JSON.parse(labels)]);
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
