// The four match types. A label that a series does not have counts as the empty string.

export type MatchType = '=' | '!=' | '=~' | '!~';

/** `value` of a regular expression is RE2 syntax and matches the whole label value. */
export interface Matcher {
  readonly name: string;
  readonly type: MatchType;
  readonly value: string;
}
