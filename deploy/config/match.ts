// `match` of a retention policy: a PromQL selector, where `{}` means every series. And that of a
// metric of events: what /api/v1/events is asked.

import {
  DEFAULT_LIMITS,
  type EventQuery,
  parseEventQuery,
  parseMatchers,
} from '../../query/index.ts';
import type { Matcher } from '../../storage/index.ts';

/** The matchers of `text`; throws with a message for people when it is not a selector. */
export function parseMatch(text: string): readonly Matcher[] {
  // PromQL refuses a selector that selects everything; as the last policy it is just right.
  return /^\s*\{\s*\}\s*$/.test(text) ? [] : parseMatchers(text);
}

/** Throws with a message for people, likewise. */
export function parseEventMatch(text: string): EventQuery {
  return parseEventQuery(text, DEFAULT_LIMITS);
}
