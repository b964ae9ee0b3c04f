// What whoever runs the server wants to hear of snapshots.

import { Counter, Gauge, type Registry } from 'prom-client';

export interface OperationMetrics {
  /** A snapshot that was asked for over HTTP is whole, at `atMs` since the epoch. */
  snapshotMade(atMs: number): void;
  snapshotFailed(): void;
}

export function createOperationMetrics(registry: Registry): OperationMetrics {
  const registers = [registry];
  const snapshots = new Counter({
    name: 'varve_snapshots_total',
    help: 'Snapshots made.',
    registers,
  });
  const failures = new Counter({
    name: 'varve_snapshot_failures_total',
    help: 'Snapshots that could not be made.',
    registers,
  });
  const last = new Gauge({
    name: 'varve_snapshot_last_timestamp_seconds',
    help: 'When the last snapshot was made; no value before the first one since the start.',
    registers,
  });
  // A gauge begins with 0.
  last.remove();
  return {
    snapshotMade(atMs) {
      snapshots.inc();
      last.set(atMs / 1000);
    },
    snapshotFailed: () => failures.inc(),
  };
}
