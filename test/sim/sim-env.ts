// An Env without an outside: files in memory, time that passes when told to, jobs run inline.

import type { Env } from '../../storage/index.ts';
import { createInlineCompute } from '../../storage/workers/pool.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from './memory-fs.ts';
import { createSimClock, type SimClock } from './sim-clock.ts';

export interface SimEnv extends Env {
  readonly fs: MemoryFileSystem;
  readonly time: SimClock;
}

export function createSimEnv(fs: MemoryFileSystem = createMemoryFileSystem()): SimEnv {
  const time = createSimClock();
  const { clock, scheduler } = time;
  return { fs, time, clock, scheduler, compute: createInlineCompute() };
}
