// Matchers -> series ids, with Prometheus's meaning: a label that a series lacks has the value "",
// so a matcher that matches "" keeps the series without the label.

import {
  type CompiledMatcher,
  compileMatcher,
  type Matcher,
  patternTest,
} from '../series/matcher.ts';
import {
  allSeries,
  amongWithValues,
  type Pause,
  seriesWithName,
  seriesWithValues,
  seriesWithValuesLike,
  sizeOfValues,
} from './lookup.ts';
import { difference, intersect, NO_POSTINGS, type Postings, union } from './postings.ts';
import { labelsOf } from './reader.ts';
import type { IndexView } from './view.ts';

/**
 * Of so many series it is asked one by one whether they have a label: that is faster than reading
 * all of its postings, and their labels are read faster than all values of a label with many.
 */
const FEW_SERIES = 500;

/**
 * Series that satisfy all matchers of at least one selector; a selector without matchers is every
 * series. Throws INVALID_ARGUMENT for an invalid regular expression, and what `pause` throws.
 */
export async function select(
  view: IndexView,
  selectors: readonly (readonly Matcher[])[],
  pause?: Pause,
): Promise<Postings> {
  const compiled = selectors.map((matchers) => matchers.map(compileMatcher));
  const found: Postings[] = [];
  for (const matchers of compiled) found.push(await selectAll(view, matchers, pause));
  return union(found);
}

/**
 * Matchers that list what they keep come first, cheap ones before others, and of these the one that
 * keeps the fewest; those that keep series without the label only take away.
 */
async function selectAll(
  view: IndexView,
  matchers: readonly CompiledMatcher[],
  pause: Pause | undefined,
): Promise<Postings> {
  const ordered = matchers
    .map((matcher) => ({ matcher, rank: rankOf(matcher), size: sizeOf(view, matcher) }))
    .sort((a, b) => a.rank - b.rank || a.size - b.size)
    .map(({ matcher }) => matcher);
  let kept: Postings | undefined;
  for (const [i, matcher] of ordered.entries()) {
    if (kept !== undefined && kept.length <= FEW_SERIES && scansValues(matcher)) {
      return keepByLabels(view, kept, ordered.slice(i));
    }
    if (matcher.matchesEmpty) {
      kept ??= await allSeries(view);
      kept = difference(kept, await seriesWithLabel(view, matcher, false, pause));
    } else if (kept !== undefined && kept.length <= FEW_SERIES && listsValues(matcher)) {
      kept = await amongWithValues(view, matcher.name, valuesOf(matcher), kept);
    } else {
      const listed = await seriesWithLabel(view, matcher, true, pause);
      kept = kept === undefined ? listed : intersect(kept, listed);
    }
    if (kept.length === 0) return NO_POSTINGS;
  }
  return kept ?? allSeries(view);
}

async function keepByLabels(
  view: IndexView,
  ids: Postings,
  matchers: readonly CompiledMatcher[],
): Promise<Postings> {
  const labels = await labelsOf(view, ids);
  return ids.filter((_, i) => {
    const labelValue = (name: string) =>
      labels[i]?.find((label) => label.name === name)?.value ?? '';
    return matchers.every((matcher) => matcher.matches(labelValue(matcher.name)));
  });
}

/** Series that have the label, with a value that the matcher keeps, or leaves. */
async function seriesWithLabel(
  view: IndexView,
  matcher: CompiledMatcher,
  keeps: boolean,
  pause: Pause | undefined,
): Promise<Postings> {
  const { name, pattern } = matcher;
  const inside = keeps !== matcher.negated;
  if (pattern.kind === 'oneOf') {
    const listed = await seriesWithValues(view, name, valuesOf(matcher));
    return inside ? listed : difference(await seriesWithName(view, name), listed);
  }
  if (pattern.kind === 'prefix' && pattern.prefix === '') {
    return inside ? seriesWithName(view, name) : NO_POSTINGS;
  }
  const test = patternTest(pattern);
  return inside
    ? seriesWithValuesLike(view, name, pattern.prefix, test, pause)
    : seriesWithValuesLike(view, name, '', (value) => !test(value), pause);
}

/** Whether it keeps series with any of `valuesOf`. */
function listsValues({ pattern, negated }: CompiledMatcher): boolean {
  return pattern.kind === 'oneOf' && !negated;
}

function valuesOf({ pattern }: CompiledMatcher): string[] {
  return pattern.kind === 'oneOf' ? [...pattern.values].filter((value) => value !== '') : [];
}

/** About how many series a matcher keeps that lists values; 0 for others. */
function sizeOf(view: IndexView, matcher: CompiledMatcher): number {
  return listsValues(matcher) ? sizeOfValues(view, matcher.name, valuesOf(matcher)) : 0;
}

function rankOf(matcher: CompiledMatcher): number {
  return (matcher.matchesEmpty ? 2 : 0) + (scansValues(matcher) ? 1 : 0);
}

/** Whether the index has to look at every value of the label. */
function scansValues({ pattern }: CompiledMatcher): boolean {
  return pattern.kind === 'regex' || (pattern.kind === 'prefix' && pattern.prefix !== '');
}
