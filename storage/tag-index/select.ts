// Matchers -> series ids, with Prometheus's meaning: a label that a series lacks has the value "",
// so a matcher that matches "" keeps the series without the label.

import {
  type CompiledMatcher,
  compileMatcher,
  type Matcher,
  patternTest,
} from '../series/matcher.ts';
import { allSeries, seriesWithName, seriesWithValues, seriesWithValuesLike } from './lookup.ts';
import { difference, intersect, NO_POSTINGS, type Postings, union } from './postings.ts';
import type { IndexView } from './view.ts';

/**
 * Series that satisfy all matchers of at least one selector; a selector without matchers is every
 * series. Throws INVALID_ARGUMENT for an invalid regular expression.
 */
export async function select(
  view: IndexView,
  selectors: readonly (readonly Matcher[])[],
): Promise<Postings> {
  const compiled = selectors.map((matchers) => matchers.map(compileMatcher));
  const found: Postings[] = [];
  for (const matchers of compiled) found.push(await selectAll(view, matchers));
  return union(found);
}

/** Those that list the series they keep come first: the others only take away from them. */
async function selectAll(view: IndexView, matchers: readonly CompiledMatcher[]): Promise<Postings> {
  const listing = matchers.filter((matcher) => !matcher.matchesEmpty).sort(byCost);
  const excluding = matchers.filter((matcher) => matcher.matchesEmpty);
  let kept: Postings | undefined;
  for (const matcher of listing) {
    const ids = await seriesWithLabel(view, matcher, true);
    kept = kept === undefined ? ids : intersect(kept, ids);
    if (kept.length === 0) return NO_POSTINGS;
  }
  kept ??= await allSeries(view);
  for (const matcher of excluding) {
    if (kept.length === 0) break;
    kept = difference(kept, await seriesWithLabel(view, matcher, false));
  }
  return kept;
}

/** Series that have the label, with a value that the matcher keeps, or leaves. */
async function seriesWithLabel(
  view: IndexView,
  matcher: CompiledMatcher,
  keeps: boolean,
): Promise<Postings> {
  const { name, pattern } = matcher;
  const inside = keeps !== matcher.negated;
  if (pattern.kind === 'oneOf') {
    const values = [...pattern.values].filter((value) => value !== '');
    const listed = await seriesWithValues(view, name, values);
    return inside ? listed : difference(await seriesWithName(view, name), listed);
  }
  if (pattern.kind === 'prefix' && pattern.prefix === '') {
    return inside ? seriesWithName(view, name) : NO_POSTINGS;
  }
  const test = patternTest(pattern);
  return inside
    ? seriesWithValuesLike(view, name, pattern.prefix, test)
    : seriesWithValuesLike(view, name, '', (value) => !test(value));
}

/** Direct lookups before scans over values. */
function byCost(a: CompiledMatcher, b: CompiledMatcher): number {
  return costOf(a) - costOf(b);
}

function costOf({ pattern, negated }: CompiledMatcher): number {
  if (pattern.kind === 'oneOf') return negated ? 1 : 0;
  return 2;
}
