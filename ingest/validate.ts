// The rules every batch obeys, whatever format it came in.

import type { Label, Labels, PointBatch, Storage } from '../storage/index.ts';
import { canonicalLabels } from '../storage/index.ts';
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

/** What a point's timestamp is held against. */
export interface TimeRules {
  readonly nowMs: number;
  readonly limits: IngestLimits;
  readonly storage: Pick<Storage, 'policies' | 'policyOf'>;
}

/**
 * The points that may be stored, the others counted. Takes `points` over: what is kept moves to
 * their front. Costs nothing per point when the ids are all series (`idsValid`) and the span of
 * the whole batch meets every rule.
 */
export function filterPoints(
  points: PointBuffer,
  span: TimeSpan,
  idsValid: boolean,
  rules: TimeRules,
  rejections: Rejections,
): PointBatch {
  const { ids, timestampsMs, values } = points;
  const newestMs = rules.nowMs + rules.limits.maxFutureMs;
  const keepMsMin = Math.min(...rules.storage.policies.map((policy) => policy.keepMs));
  const oldestMs = rules.nowMs - Math.min(rules.limits.maxPastMs, keepMsMin);
  const spanValid = span.outOfRange === 0 && span.minMs >= oldestMs && span.maxMs <= newestMs;
  if (idsValid && spanValid) return { ids, timestampsMs, values };

  // As words: a double that passes through a register may come out as another NaN.
  const valueWords = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  let kept = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id >= REJECTED_ID_MIN) {
      rejections.addId(id);
      continue;
    }
    const reason = spanValid ? undefined : checkTime(timestampsMs[i]!, id, rules);
    if (reason !== undefined) {
      rejections.add(reason);
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

function checkTime(timestampMs: number, id: number, rules: TimeRules): Reason | undefined {
  const { nowMs, limits, storage } = rules;
  if (Number.isNaN(timestampMs)) return 'timestamp_out_of_range';
  if (timestampMs > nowMs + limits.maxFutureMs) return 'too_far_in_future';
  if (timestampMs < nowMs - limits.maxPastMs) return 'too_old';
  const policy = storage.policies[storage.policyOf(id)]!;
  return timestampMs < nowMs - policy.keepMs ? 'expired' : undefined;
}
