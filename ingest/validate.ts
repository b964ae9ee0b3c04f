// The rules every batch obeys, whatever format it came in.

import type { Label, Labels, PointBatch, Storage } from '../storage/index.ts';
import { canonicalLabels, isWellFormed } from '../storage/index.ts';
import type { PointBuffer } from './decode/columns.ts';
import type { TimeSpan } from './decode/timestamps.ts';
import type { IngestLimits } from './limits.ts';
import { REJECTED_ID_MIN, type Reason, type Rejections } from './reasons.ts';

/** The canonical form of a label set, or why it cannot be a series. Sizes are checked before. */
export function checkLabels(labels: readonly Label[]): Labels | Reason {
  const canonical = canonicalLabels(labels);
  if (canonical.length === 0) return 'no_labels';
  for (let i = 0; i < canonical.length; i++) {
    const { name } = canonical[i]!;
    if (name === '') return 'empty_label_name';
    if (i > 0 && name === canonical[i - 1]!.name) return 'duplicate_label_name';
  }
  return canonical;
}

/** What keeps labels from being stored that were not measured while they were decoded. */
export function checkSizes(labels: readonly Label[], limits: IngestLimits): Reason | undefined {
  let present = 0;
  for (const { name, value } of labels) {
    // A label without a value is one that is not there.
    if (value === '') continue;
    if (++present > limits.labelsPerSeries) return 'too_many_labels';
    if (isOver(name, limits.labelValueBytes)) return 'label_name_too_long';
    if (isOver(value, limits.labelValueBytes)) return 'label_value_too_long';
    if (!isWellFormed(name) || !isWellFormed(value)) return 'invalid_text';
  }
  return undefined;
}

/** A UTF-16 unit takes at most three bytes of UTF-8: counting them is rarely needed. */
function isOver(text: string, bytesMax: number): boolean {
  return text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax;
}

/** What a point's timestamp is held against. */
export interface TimeRules {
  readonly nowMs: number;
  readonly limits: IngestLimits;
  /** The series of points that are not `withinEveryRule` are loaded. */
  readonly storage: Pick<Storage, 'policies' | 'policyOf'>;
}

/** Whether points of such times are valid, whatever their series. */
export function withinEveryRule(span: TimeSpan, rules: TimeRules): boolean {
  const { oldestMs, oldestOfPoliciesMs, newestMs } = boundsOf(rules);
  const strictestMs = Math.max(oldestMs, ...oldestOfPoliciesMs);
  return span.outOfRange === 0 && span.minMs >= strictestMs && span.maxMs <= newestMs;
}

/**
 * The points that may be stored, the others counted. Takes `points` over: what is kept moves to
 * their front. Costs nothing per point when the ids are all series (`idsValid`) and the span of
 * the whole batch meets every rule, and little when each point does. `onRejected` is told which
 * points were counted, by their positions, in their order.
 */
export function filterPoints(
  points: PointBuffer,
  span: TimeSpan,
  idsValid: boolean,
  rules: TimeRules,
  rejections: Rejections,
  onRejected?: (position: number) => void,
): PointBatch {
  const { ids, timestampsMs, values } = points;
  const bounds = boundsOf(rules);
  const spanValid = withinEveryRule(span, rules);
  const valid = idsValid ? (spanValid ? ids.length : validPrefix(points, bounds, rules)) : 0;
  if (valid === ids.length) return { ids, timestampsMs, values };

  // As words: a double that passes through a register may come out as another NaN.
  const valueWords = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  let kept = valid;
  for (let i = valid; i < ids.length; i++) {
    const id = ids[i]!;
    if (id >= REJECTED_ID_MIN) {
      rejections.addId(id);
      onRejected?.(i);
      continue;
    }
    const reason = spanValid ? undefined : timeReason(timestampsMs[i]!, id, bounds, rules);
    if (reason !== undefined) {
      rejections.add(reason);
      onRejected?.(i);
      continue;
    }
    ids[kept] = id;
    timestampsMs[kept] = timestampsMs[i]!;
    valueWords[2 * kept] = valueWords[2 * i]!;
    valueWords[2 * kept + 1] = valueWords[2 * i + 1]!;
    kept++;
  }
  return {
    ids: ids.subarray(0, kept),
    timestampsMs: timestampsMs.subarray(0, kept),
    values: values.subarray(0, kept),
  };
}

/** What a timestamp must lie within, both ends included. */
interface TimeBounds {
  readonly oldestMs: number;
  readonly newestMs: number;
  /** By policy: what is older is past its `keep`. */
  readonly oldestOfPoliciesMs: Float64Array;
}

function boundsOf({ nowMs, limits, storage }: TimeRules): TimeBounds {
  return {
    oldestMs: nowMs - limits.maxPastMs,
    newestMs: nowMs + limits.maxFutureMs,
    oldestOfPoliciesMs: Float64Array.from(storage.policies, ({ keepMs }) => nowMs - keepMs),
  };
}

/** For events, which come one by one: why one of a stream may not have this time. */
export function createTimeCheck(
  rules: TimeRules,
): (timestampMs: number, id: number) => Reason | undefined {
  const bounds = boundsOf(rules);
  return (timestampMs, id) => timeReason(timestampMs, id, bounds, rules);
}

/** How many points from the first on may be stored; the ids are all series. */
function validPrefix(
  { ids, timestampsMs }: PointBuffer,
  { oldestMs, newestMs, oldestOfPoliciesMs }: TimeBounds,
  { storage }: TimeRules,
): number {
  let valid = 0;
  for (; valid < ids.length; valid++) {
    const timestampMs = timestampsMs[valid]!;
    // Put this way round, NaN, which stands for a timestamp out of range, is not valid either.
    if (!(timestampMs >= oldestMs && timestampMs <= newestMs)) break;
    if (timestampMs < oldestOf(storage.policyOf(ids[valid]!), oldestOfPoliciesMs)) break;
  }
  return valid;
}

function timeReason(
  timestampMs: number,
  id: number,
  { oldestMs, newestMs, oldestOfPoliciesMs }: TimeBounds,
  { storage }: TimeRules,
): Reason | undefined {
  if (Number.isNaN(timestampMs)) return 'timestamp_out_of_range';
  if (timestampMs > newestMs) return 'too_far_in_future';
  if (timestampMs < oldestMs) return 'too_old';
  return timestampMs < oldestOf(storage.policyOf(id), oldestOfPoliciesMs) ? 'expired' : undefined;
}

/** A series without a policy was forgotten: that is for storage to say. */
function oldestOf(policy: number | undefined, oldestOfPoliciesMs: Float64Array): number {
  return policy === undefined ? Number.NEGATIVE_INFINITY : oldestOfPoliciesMs[policy]!;
}
