// A series that was moved to another policy has points of one time in windows of two. Which of them
// is right only the sequence of their tables tells, so a merge must not carry old points past such
// a table. Ordinarily windows of two policies have no series in common, and nothing is in the way.

import type { Core } from '../core.ts';
import { CorruptionError } from '../errors.ts';
import type { TableMeta } from '../manifest/edit.ts';
import type { TableFile, Version } from '../version.ts';

/**
 * The sequence of a table that `inputs` (neighbours, oldest first) must not be merged across, or
 * undefined when there is none. `version` is retained.
 */
export async function rivalOf(
  version: Version,
  inputs: readonly TableMeta[],
  { settings }: Core,
): Promise<number | undefined> {
  // Of an event there is nothing to tell which one is right: they are all the same. Summaries of
  // two tiers are of different points, and are added up.
  if (inputs[0]!.kind !== 'points') return undefined;
  const files = version.parts.windows.flatMap(({ tables }) => tables);
  const rivals = files.filter(({ meta }) => mayRival(meta, inputs));
  if (rivals.length === 0) return undefined;
  const numbers = new Set(inputs.map(({ number }) => number));
  const ids = new Set<number>();
  for (const file of files) {
    if (numbers.has(file.meta.number)) for (const id of await idsOf(file)) ids.add(id);
  }
  for (const rival of rivals) {
    try {
      if ((await idsOf(rival)).some((id) => ids.has(id))) return rival.meta.sequence;
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      settings.listener.corruption?.(error);
      return rival.meta.sequence;
    }
  }
  return undefined;
}

/** Of another policy, written between the inputs, with points of the same times and ids near. */
function mayRival(meta: TableMeta, inputs: readonly TableMeta[]): boolean {
  const [oldest] = inputs;
  if (meta.kind !== 'points' || meta.policyId === oldest!.policyId) return false;
  if (meta.sequence < oldest!.sequence || meta.sequence > inputs.at(-1)!.sequence) return false;
  return inputs.some(
    (input) =>
      meta.minTimestampMs <= input.maxTimestampMs &&
      meta.maxTimestampMs >= input.minTimestampMs &&
      meta.firstSeries <= input.lastSeries &&
      meta.lastSeries >= input.firstSeries,
  );
}

async function idsOf(file: TableFile): Promise<Uint32Array> {
  return (await file.reader()).seriesIds();
}
