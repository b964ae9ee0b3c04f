// The counters of this room, under conventional Prometheus names.

import { Counter, Gauge, type Registry } from 'prom-client';
import type { RollupOutcome } from '../storage/index.ts';
import { JOB_MODES, type JobMode } from './jobs/jobs.ts';
import type { Drop, SweepPlan } from './plan.ts';

export interface RetentionMetrics {
  /** A sweep by the wall time `wallMs` is through, with what it dropped. */
  swept(wallMs: number, dropped: readonly Drop[]): void;
  /** What is stored, and may be, by policy. */
  stored(plan: SweepPlan): void;
  sweepFailed(): void;
  /** A job of tiers is through. */
  rolledUp(outcome: RollupOutcome): void;
  rollupFailed(): void;
  compactionFailed(): void;
  /** A snapshot that was asked for is whole, at `atMs` since the epoch. */
  snapshotMade(atMs: number): void;
  snapshotFailed(): void;
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
  const ofDrops = { labelNames: ['policy', 'reason'], registers } as const;
  const windowsDropped = new Counter({
    name: 'varve_retention_windows_dropped_total',
    help: 'Windows dropped because of keep, of max_bytes of their policy, or of all policies.',
    ...ofDrops,
  });
  const pointsDropped = new Counter({
    name: 'varve_retention_dropped_points_total',
    help: 'Points in the windows dropped.',
    ...ofDrops,
  });
  const bytesDropped = new Counter({
    name: 'varve_retention_dropped_bytes_total',
    help: 'Size of the tables of the windows dropped.',
    ...ofDrops,
  });
  const ofPolicies = { labelNames: ['policy'], registers } as const;
  const storedBytes = new Gauge({
    name: 'varve_retention_stored_bytes',
    help: 'Size of the tables of a retention policy.',
    ...ofPolicies,
  });
  const maxBytes = new Gauge({
    name: 'varve_retention_max_bytes',
    help: 'What the tables of a retention policy may take; absent without a limit.',
    ...ofPolicies,
  });
  const totalMaxBytes = new Gauge({
    name: 'varve_retention_total_max_bytes',
    help: 'What the tables of all retention policies may take; +Inf without a limit.',
    registers,
  });
  const tierBytes = new Gauge({
    name: 'varve_rollup_stored_bytes',
    help: 'Size of the tables of a tier, by policy and the width of its steps in seconds.',
    labelNames: ['policy', 'every'],
    registers,
  });
  const rolledUp = new Counter({
    name: 'varve_rollup_windows_total',
    help: 'Windows summarised for a tier, again where points came late or were deleted.',
    registers,
  });
  const steps = new Counter({
    name: 'varve_rollup_steps_total',
    help: 'Summaries written.',
    registers,
  });
  const due = new Gauge({
    name: 'varve_rollup_windows_due',
    help: 'Windows that were due to be summarised, and were not yet, when the last job ended.',
    registers,
  });
  const rollupFailures = new Counter({
    name: 'varve_rollup_failures_total',
    help: 'Jobs of tiers that failed.',
    registers,
  });
  const compactionFailures = new Counter({
    name: 'varve_compaction_failures_total',
    help: 'Jobs that merge tables and failed.',
    registers,
  });
  const snapshots = new Counter({
    name: 'varve_snapshots_total',
    help: 'Snapshots made.',
    registers,
  });
  const snapshotFailures = new Counter({
    name: 'varve_snapshot_failures_total',
    help: 'Snapshots that could not be made.',
    registers,
  });
  const lastSnapshot = new Gauge({
    name: 'varve_snapshot_last_timestamp_seconds',
    help: 'When the last snapshot was made; no value before the first one since the start.',
    registers,
  });
  // A gauge begins with 0.
  lastSnapshot.remove();
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
      for (const { window, reason } of dropped) {
        const labels = { policy: window.policy.name, reason };
        windowsDropped.inc(labels);
        pointsDropped.inc(labels, window.points);
        bytesDropped.inc(labels, window.sizeBytes);
      }
    },
    stored({ policies, bytesMax }) {
      storedBytes.reset();
      maxBytes.reset();
      tierBytes.reset();
      totalMaxBytes.set(bytesMax);
      for (const { name, rollupMs, stored, bytesMax: ownBytesMax } of policies) {
        if (rollupMs !== undefined) {
          tierBytes.set({ policy: name, every: String(rollupMs / 1000) }, stored.sizeBytes);
          continue;
        }
        storedBytes.inc({ policy: name }, stored.sizeBytes);
        if (ownBytesMax < Infinity) maxBytes.set({ policy: name }, ownBytesMax);
      }
    },
    sweepFailed: () => failures.inc(),
    rolledUp(outcome) {
      rolledUp.inc(outcome.windows);
      steps.inc(outcome.steps);
      due.set(outcome.due);
    },
    rollupFailed: () => rollupFailures.inc(),
    compactionFailed: () => compactionFailures.inc(),
    snapshotMade(atMs) {
      snapshots.inc();
      lastSnapshot.set(atMs / 1000);
    },
    snapshotFailed: () => snapshotFailures.inc(),
    clockBelieved: (isBelieved) => clock.set(isBelieved ? 1 : 0),
    jobMode(mode) {
      for (const other of JOB_MODES) modes.set({ mode: other }, other === mode ? 1 : 0);
    },
  };
}
