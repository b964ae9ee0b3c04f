// Where the series come from: how many each metric, label and label pair has. One pass over the
// postings, a label at a time, which holds the postings of all values of that label.

import type { Cardinality, NamedCount } from '../figures.ts';
import { forgottenIn, type Pause, sumsByValue, totalOf } from './lookup.ts';
import { labelNames } from './reader.ts';
import type { IndexView } from './view.ts';

const VALUES_PER_TURN = 2048;

/** The `top` largest of each kind. */
export async function cardinalityIn(
  view: IndexView,
  top: number,
  pause: Pause,
): Promise<Cardinality> {
  const forgotten = forgottenIn(view);
  let labelPairs = 0;
  const [metrics, values, characters, pairs] = [
    topList(top),
    topList(top),
    topList(top),
    topList(top),
  ];
  for (const name of await labelNames(view)) {
    let [valueCount, characterCount] = [0, 0];
    for (const [value, sum] of await sumsByValue(view, name, pause)) {
      const count = totalOf(sum, forgotten).length;
      if (count === 0) continue;
      if (++valueCount % VALUES_PER_TURN === 0) await pause();
      characterCount += value.length;
      pairs.add(`${name}=${value}`, count);
      if (name === '__name__') metrics.add(value, count);
    }
    labelPairs += valueCount;
    values.add(name, valueCount);
    characters.add(name, characterCount);
    await pause();
  }
  return {
    labelPairs,
    seriesByMetric: metrics.list(),
    valuesByLabel: values.list(),
    charactersByLabel: characters.list(),
    seriesByPair: pairs.list(),
  };
}

/** Keeps the `top` largest; of equals those that came first. */
function topList(top: number) {
  let kept: NamedCount[] = [];
  const cut = (): void => {
    kept = kept.sort((a, b) => b.count - a.count).slice(0, top);
  };
  return {
    add(name: string, count: number): void {
      const least = kept.length < top ? -1 : kept[top - 1]!.count;
      if (count <= least) return;
      kept.push({ name, count });
      if (kept.length === top || kept.length === 2 * top) cut();
    },
    list(): readonly NamedCount[] {
      cut();
      return kept;
    },
  };
}
