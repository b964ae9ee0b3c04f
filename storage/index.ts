// The door of storage: everything else in this room is private to it.

export type { ByteColumn } from './coding/byte-column.ts';
export type * from './env/env.ts';
export { createNodeEnv } from './env/node-env.ts';
export { CorruptionError, StorageError, type StorageErrorCode } from './errors.ts';
export type * from './event-types.ts';
export { EventBuffer } from './events/event-columns.ts';
export {
  POLICY_SET_DRAFT_NAME,
  POLICY_SET_NAME,
  SERVER_ID_NAME,
  snapshotsDir,
} from './filenames.ts';
export { type InspectOptions, inspectPath } from './inspect/inspect.ts';
export type { InspectLine } from './inspect/line.ts';
export type * from './listener.ts';
export {
  createMetadataStore,
  type MetadataStore,
  type MetricMetadata,
  type MetricType,
} from './metric-metadata.ts';
export { openStorage } from './open.ts';
export { decodePolicySet, encodePolicySet, type PublishedPolicies } from './policy-set.ts';
export { tierWindowMs } from './rollups/tiers.ts';
export { createLabelsOverlay } from './series/label-overlay.ts';
export {
  canonicalLabels,
  compareLabels,
  compareText,
  isWellFormed,
  type Label,
  type Labels,
  type SeriesId,
  validateLabels,
} from './series/labels.ts';
export { encodeLabels } from './series/labels-codec.ts';
export {
  type CompiledMatcher,
  compileMatcher,
  type Matcher,
  type MatchType,
} from './series/matcher.ts';
export { decodeServerId, encodeServerId } from './server-id.ts';
export { openSlice, sliceOfColumns } from './slice.ts';
export type * from './slice-types.ts';
export {
  placeSnapshot,
  restoreSnapshot,
  type SnapshotProgress,
  verifySnapshot,
} from './snapshot/restore.ts';
export type { SummaryField } from './sstable/format.ts';
export type * from './types.ts';
export { readWindows } from './windows/windows.ts';
export { createWorkerCompute } from './workers/pool.ts';
export { serveJobs } from './workers/serve.ts';
