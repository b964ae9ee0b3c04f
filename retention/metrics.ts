// The counters of this room, under conventional Prometheus names.

import { Counter, Gauge, type Registry } from 'prom-client';
import type { WindowInfo } from '../storage/index.ts';
import { JOB_MODES, type JobMode } from './jobs/jobs.ts';

export interface RetentionMetrics {
  /** A sweep by the wall time `wallMs` is through, with what it dropped. */
  swept(wallMs: number, dropped: readonly WindowInfo[]): void;
  sweepFailed(): void;
  clockBelieved(isBelieved: boolean): void;
  jobMode(mode: JobMode): void;
}

/** Registers the metrics; a registry takes them once. */
export function createRetentionMetrics(registry: Registry): RetentionMetrics {
  const registers = [registry];
  const sweeps = new Counter({
    name: 'varve_retention_sweeps_total',
    help: 'Sweeps carried out, whether or not they found anything to drop.',
    registers,
  });
  const failures = new Counter({
    name: 'varve_retention_sweep_failures_total',
    help: 'Sweeps that storage refused.',
    registers,
  });
  const windowsDropped = new Counter({
    name: 'varve_retention_windows_dropped_total',
    help: 'Windows dropped because their retention policy no longer keeps them.',
    labelNames: ['policy'],
    registers,
  });
  const lastSweep = new Gauge({
    name: 'varve_retention_last_sweep_timestamp_seconds',
    help: 'Wall time of the last sweep carried out.',
    registers,
  });
  const clock = new Gauge({
    name: 'varve_retention_clock_believed',
    help: '0 while the clock is thought to be ahead of the truth, and nothing is dropped.',
    registers,
  });
  const modes = new Gauge({
    name: 'varve_retention_jobs_mode',
    help: '1 for what starts the sweeps now: a local timer, or jobs on Redis.',
    labelNames: ['mode'],
    registers,
  });
  return {
    swept(wallMs, dropped) {
      sweeps.inc();
      lastSweep.set(wallMs / 1000);
      for (const { policy } of dropped) windowsDropped.inc({ policy: policy.name });
    },
    sweepFailed: () => failures.inc(),
    clockBelieved: (isBelieved) => clock.set(isBelieved ? 1 : 0),
    jobMode(mode) {
      for (const other of JOB_MODES) modes.set({ mode: other }, other === mode ? 1 : 0);
    },
  };
}
