// The last step of every way in: points with their ids, whatever they were decoded from, are held
// against the rules and appended.

import type { Clock, Storage } from '../storage/index.ts';
import type { PointBuffer } from './decode/columns.ts';
import type { TimeSpan } from './decode/timestamps.ts';
import type { IngestLimits } from './limits.ts';
import type { PointPool } from './point-pool.ts';
import { REJECTED_ID_MIN, type Rejections } from './reasons.ts';
import { filterPoints, withinEveryRule } from './validate.ts';

export interface WriteOutcome {
  /** Points stored. */
  readonly accepted: number;
  readonly rejections: Rejections;
}

/** What is to be appended. */
export interface IdentifiedPoints {
  /** From the pool of the writer, which takes it over. */
  readonly points: PointBuffer;
  readonly span: TimeSpan;
  /** Ids from REJECTED_ID_MIN on say why there is no series. */
  readonly idMax: number;
  /** What was counted before; points that are refused now are added. */
  readonly rejections: Rejections;
}

export interface PointWriter {
  readonly pool: PointPool;
  /**
   * To be awaited before `append`, which asks for the policy of series whose points are old: those
   * that were not in use lately are read from the index. Undefined when there is nothing to read.
   */
  prepare(identified: IdentifiedPoints, limits: IngestLimits): Promise<void> | undefined;
  /**
   * Hands the valid points to storage at once: what is appended afterwards is newer. Resolves when
   * they are as durable as storage promises; rejects when they may not be.
   */
  append(
    identified: IdentifiedPoints,
    limits: IngestLimits,
    onRejected?: (position: number) => void,
  ): Promise<WriteOutcome>;
}

export function createPointWriter(storage: Storage, clock: Clock, pool: PointPool): PointWriter {
  return {
    pool,
    prepare({ points, span }, limits) {
      if (withinEveryRule(span, { nowMs: clock.nowMs(), limits, storage })) return undefined;
      return storage.load(points.ids.filter((id) => id < REJECTED_ID_MIN));
    },
    append({ points, span, idMax, rejections }, limits, onRejected) {
      const rules = { nowMs: clock.nowMs(), limits, storage };
      const idsValid = idMax < REJECTED_ID_MIN;
      const batch = filterPoints(points, span, idsValid, rules, rejections, onRejected);
      const accepted = batch.ids.length;
      const appended = accepted === 0 ? Promise.resolve() : storage.append(batch);
      return appended.then(() => {
        pool.release(points);
        return { accepted, rejections };
      });
    },
  };
}
