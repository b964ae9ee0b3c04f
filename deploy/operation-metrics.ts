// What whoever runs the server wants to hear of: snapshots, and requests that were turned away.

import { Counter, Gauge, type Registry } from 'prom-client';
import type { Verdict } from './access/access.ts';

export type Refusal = Exclude<Verdict['kind'], 'allowed'>;

export interface OperationMetrics {
  /** A snapshot that was asked for over HTTP is whole, at `atMs` since the epoch. */
  snapshotMade(atMs: number): void;
  snapshotFailed(): void;
  /** No request gets to see more than its refusal. */
  accessRefused(port: Port, refusal: Refusal): void;
}

const PORTS = ['grpc', 'http'] as const;
type Port = (typeof PORTS)[number];

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
  const refused = new Counter({
    name: 'varve_access_refused_total',
    help: 'Requests without a token that is known, and those whose token is not enough.',
    labelNames: ['port', 'reason'],
    registers,
  });
  for (const port of PORTS) {
    for (const reason of ['unknown', 'forbidden']) refused.inc({ port, reason }, 0);
  }
  return {
    snapshotMade(atMs) {
      snapshots.inc();
      last.set(atMs / 1000);
    },
    snapshotFailed: () => failures.inc(),
    accessRefused: (port, reason) => refused.inc({ port, reason }),
  };
}
