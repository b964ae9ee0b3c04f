// The flush of events: those of a sealed memtable become one table for each (policy, window).

import type { EventBatch } from '../event-types.ts';
import { TABLE_MAGICS, type TableWindow } from '../sstable/format.ts';
import { createTableLayout } from '../sstable/layout.ts';
import { windowStart } from '../window.ts';
import { type FlushedTable, type FlushOutput, joined } from '../workers/flush-job.ts';
import { createEventBlockBuilder } from './block-builder.ts';
import { sortEvents } from './event-columns.ts';
import { type EventBlockSummary, encodeEventTableTail } from './format.ts';

export interface EventFlushInput {
  /** In the order of writing. */
  readonly events: EventBatch;
  /** By series id, its policy's id; see FlushInput. */
  readonly policyIds: Uint32Array;
  /** By policy id, the width of its windows in ms. */
  readonly windowsMs: Float64Array;
}

/** Events of one window, in their order. */
interface WindowEvents {
  readonly window: TableWindow;
  readonly positions: number[];
}

export function flushEvents(input: EventFlushInput): FlushOutput {
  const { events } = input;
  const positions = sortEvents(events, Uint32Array.from(events.ids.keys()));
  return { tables: cutWindows(input, positions).map((window) => buildTable(window, events)) };
}

function cutWindows(
  { events, policyIds, windowsMs }: EventFlushInput,
  positions: Uint32Array,
): WindowEvents[] {
  const windows = new Map<string, WindowEvents>();
  let last: WindowEvents | undefined;
  for (const position of positions) {
    const policyId = policyIds[events.ids[position]!]!;
    if (policyId === 0) continue;
    const windowMs = windowsMs[policyId]!;
    const startMs = windowStart(events.timestampsMs[position]!, windowMs);
    if (last?.window.policyId !== policyId || last.window.windowStartMs !== startMs) {
      const key = `${policyId} ${startMs}`;
      const window = { policyId, windowStartMs: startMs, windowEndMs: startMs + windowMs };
      last = windows.get(key) ?? { window, positions: [] };
      windows.set(key, last);
    }
    last.positions.push(position);
  }
  return [...windows.values()];
}

function buildTable({ window, positions }: WindowEvents, events: EventBatch): FlushedTable {
  const builder = createEventBlockBuilder(window);
  const layout = createTableLayout<EventBlockSummary>();
  for (const position of positions) {
    builder.add(events, position);
    layout.noteSeries(events.ids[position]!);
  }
  builder.finishBlock();
  const parts = [TABLE_MAGICS.events];
  for (const block of builder.drain()) {
    layout.place(block);
    parts.push(block.bytes);
  }
  const tail = encodeEventTableTail({ window, ...layout.contents() });
  const { summary } = tail;
  return { bytes: joined([...parts, ...tail.parts], summary.sizeBytes), summary };
}
