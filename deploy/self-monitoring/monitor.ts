// The server watches itself and its host: every few seconds both are read and written through the
// server's own gRPC door, so that a first query shows points that went the whole way.

import type { Clock, Scheduler } from '../../storage/index.ts';
import type { Logger } from '../logging.ts';
import { readHost } from './host.ts';
import type { Sample } from './sample.ts';
import { createSampleWriter } from './sample-writer.ts';

const EVERY_MS = 10_000;

export interface SelfMonitoringOptions {
  /** The server's own gRPC door, as grpc-js writes addresses. */
  readonly target: string;
  /** The token to show there. */
  readonly secret: string;
  /** HOST:PORT of the server, the label `instance` of every series. */
  readonly instance: string;
  readonly readServer: () => Promise<Sample[]>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: Logger;
}

export interface SelfMonitoring {
  /** Resolves once the round under way, if any, is through; no other begins. */
  stop(): Promise<void>;
}

/** The first round begins at once. One that fails is logged, the next begins in its time. */
export function startSelfMonitoring(options: SelfMonitoringOptions): SelfMonitoring {
  const { target, secret, instance, readServer, clock, scheduler, log } = options;
  const writer = createSampleWriter(target, secret);
  let isStopped = false;
  let isFirst = true;
  let cancelNext = () => {};
  let underWay = round();

  async function round(): Promise<void> {
    const beganMs = clock.monotonicMs();
    try {
      const timestampMs = Math.round(clock.nowMs());
      const [server, host] = await Promise.all([readServer(), readHost(timestampMs)]);
      const samples = [...labelled(server, 'varve', instance), ...labelled(host, 'node', instance)];
      const { accepted, rejections } = await writer.write(samples, timestampMs);
      if (isFirst)
        log.info({ points: Number(accepted) }, 'self-monitoring: the first points are in');
      isFirst = false;
      for (const { count, reason } of rejections) {
        log.warn({ points: Number(count), reason }, 'self-monitoring: points were rejected');
      }
    } catch (error) {
      if (!isStopped) log.warn({ err: error }, 'self-monitoring: a round was lost');
    }
    if (isStopped) return;
    const tookMs = clock.monotonicMs() - beganMs;
    cancelNext = scheduler.after(Math.max(0, EVERY_MS - tookMs), () => {
      underWay = round();
    });
  }

  return {
    async stop() {
      isStopped = true;
      cancelNext();
      await underWay;
      writer.close();
    },
  };
}

function labelled(samples: readonly Sample[], job: string, instance: string): Sample[] {
  return samples.map((one) => ({ ...one, labels: { ...one.labels, job, instance } }));
}
