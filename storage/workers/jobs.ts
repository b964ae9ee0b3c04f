// The jobs that run on worker threads, by name. A job is a pure function of plain data: it never
// touches files, clocks or anything of its thread, so it runs the same inline.

import { type CompactEventsInput, compactEvents } from '../events/compact-job.ts';
import { type EventFlushInput, flushEvents } from '../events/flush-job.ts';
import { type EventTableTailInput, encodeEventTableTail } from '../events/format.ts';
import { type RollupInput, rollUpSlice } from '../rollups/rollup-job.ts';
import { encodeTableTail, type TableTailInput } from '../sstable/tail.ts';
import { compactIndexTables, type IndexCompactionInput } from '../tag-index/compaction.ts';
import { flushIndexMemory, type IndexFlushInput } from '../tag-index/flush.ts';
import { type CompactWindowInput, compactWindow } from './compact-window-job.ts';
import { type FlushInput, flush } from './flush-job.ts';

const jobs: Readonly<Record<string, (input: never) => unknown>> = {
  flush: (input: FlushInput) => flush(input),
  'compact-window': (input: CompactWindowInput) => compactWindow(input),
  'table-tail': (input: TableTailInput) => encodeTableTail(input),
  'flush-events': (input: EventFlushInput) => flushEvents(input),
  'roll-up': (input: RollupInput) => rollUpSlice(input),
  'compact-events': (input: CompactEventsInput) => compactEvents(input),
  'event-table-tail': (input: EventTableTailInput) => encodeEventTableTail(input),
  'flush-index': (input: IndexFlushInput) => flushIndexMemory(input),
  'compact-index': (input: IndexCompactionInput) => compactIndexTables(input),
};

/** Runs the job called `name`. */
export function runJob(name: string, input: unknown): unknown {
  const job = jobs[name];
  if (job === undefined) throw new Error(`there is no job called ${name}`);
  return job(input as never);
}

/** Memory that leaves with a job's output instead of being copied. */
export function transferables(output: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  collect(output, found);
  return [...found];
}

function collect(value: unknown, found: Set<ArrayBuffer>): void {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (value instanceof ArrayBuffer) found.add(value);
  else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) collect(member, found);
  }
}
