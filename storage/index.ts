// The door of storage: everything else in this room is private to it.

export type * from './env/env.ts';
export { CorruptionError, StorageError, type StorageErrorCode } from './errors.ts';
export {
  canonicalLabels,
  compareLabels,
  compareText,
  type Label,
  type Labels,
  type SeriesId,
  validateLabels,
} from './series/labels.ts';
export {
  type CompiledMatcher,
  compileMatcher,
  type Matcher,
  type MatchType,
} from './series/matcher.ts';
export type * from './types.ts';
