// `match` of a retention policy: a PromQL selector, where `{}` means every series.

import { parseMatchers } from '../../query/index.ts';
import type { Matcher } from '../../storage/index.ts';

/** The matchers of `text`; throws with a message for people when it is not a selector. */
export function parseMatch(text: string): readonly Matcher[] {
  // PromQL refuses a selector that selects everything; as the last policy it is just right.
  return /^\s*\{\s*\}\s*$/.test(text) ? [] : parseMatchers(text);
}
