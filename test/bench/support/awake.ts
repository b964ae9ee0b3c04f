// Cores that do not sleep while something is measured. On a virtual machine a core that slept waits
// for its host when it is woken, now and then for tens of milliseconds ("steal"); threads that hand
// work to each other wake one another thousands of times a second.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Set for the benchmarks while the cores are kept awake; their pages say so. */
export const AWAKE_VARIABLE = 'BENCH_CORES_AWAKE';

/** Ends with the process that started it, however that ends. */
const LOOP = 'const parent = process.ppid; while (process.ppid === parent);';

/**
 * Starts a loop on each core that runs when nothing else wants the core (the scheduling class
 * SCHED_IDLE, sched(7)). Returns how to end them, or undefined where `chrt` cannot give that class.
 */
export function keepAwake(): (() => void) | undefined {
  if (spawnSync('chrt', ['--idle', '0', 'true']).status !== 0) return undefined;
  const loops: ChildProcess[] = Array.from({ length: availableParallelism() }, () => {
    return spawn('chrt', ['--idle', '0', process.execPath, '--eval', LOOP], { stdio: 'ignore' });
  });
  return () => {
    for (const loop of loops) loop.kill('SIGKILL');
  };
}
