// The parent's side: servers and load clients as child processes that end with this one.

import { tempDir } from '../../support/temp-dir.ts';
import { startServer } from '../../support/varve-process.ts';
import { forkHere, nextOf } from './children.ts';
import type { ClientMessage, DriverMessage, LoadJob, LoadResult } from './job.ts';
import { cpuSeconds, memoryMib } from './process-stats.ts';

/** A server under load. */
export interface Target {
  readonly address: string;
  readonly pid: number;
  /** Resolves once nothing is left to be done for what it has acknowledged. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

export interface VarveTarget extends Target {
  /** http://HOST:PORT */
  readonly http: string;
  /** The sum of a metric of /metrics over its labels. */
  metric(name: string): Promise<number>;
}

/** What a load took, the work after the last ack included. */
export interface Measured extends LoadResult {
  readonly serverCpuSeconds: number;
  readonly serverPeakMib: number;
}

/** `varve serve` on the default config but for `args`, free ports and an own directory. */
export async function startVarve(...args: string[]): Promise<VarveTarget> {
  const server = await startServer(await tempDir(), ...args);
  const { http } = server;
  return {
    address: server.grpc,
    pid: server.pid,
    http,
    async metric(name) {
      const text = await (await fetch(`${http}/metrics`)).text();
      const lines = text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
      return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
    },
    async settle() {
      const { ok, status } = await fetch(`${http}/api/v1/admin/flush`, { method: 'POST' });
      if (!ok) throw new Error(`the flush answered ${status}`);
    },
    async stop() {
      await server.stop('SIGKILL');
    },
  };
}

/** A server that stores nothing, see bare-server.ts. */
export async function startBare(mode: 'bare' | 'discard'): Promise<Target> {
  const child = forkHere('./bare-server.js', [mode]);
  const { address } = await nextOf<{ readonly address: string }>(child);
  return {
    address,
    pid: child.pid!,
    settle: async () => {},
    async stop() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Loads the server and waits until it has nothing left to do. */
export async function measure(
  target: Target,
  job: Omit<LoadJob, 'address'>,
  meanwhile: () => Promise<void> = async () => {},
): Promise<Measured> {
  const client = forkHere('./client.js');
  const tell = (message: DriverMessage) => client.send(message);
  tell({ kind: 'job', job: { ...job, address: target.address } });
  await nextOf<ClientMessage>(client);
  const cpuBefore = cpuSeconds(target.pid);
  const answer = nextOf<ClientMessage>(client);
  tell({ kind: 'go' });
  const [message] = await Promise.all([answer, meanwhile()]);
  if (message.kind !== 'done') throw new Error(`the load client says ${message.kind}`);
  await target.settle();
  return {
    ...message.result,
    serverCpuSeconds: cpuSeconds(target.pid) - cpuBefore,
    serverPeakMib: memoryMib(target.pid).peak,
  };
}
