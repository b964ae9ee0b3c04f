// The process that loads a gRPC server: its cost is not the server's. It is told its job, says when
// everything is encoded and every stream open, and starts when told to. It ends with its driver.

import { endAfter } from '../support/bounded.ts';
import { quantile } from '../support/timing.ts';
import {
  type BatchSource,
  columnsSource,
  definitionsMessage,
  type LoadSeries,
  seriesSource,
} from './batches.ts';
import { type MessageStream, openCall, openSession } from './grpc-stream.ts';
import {
  type ClientMessage,
  type DriverMessage,
  type LoadJob,
  type LoadResult,
  STEP_MS,
} from './job.ts';
import { otlpSource } from './otlp-batches.ts';

const SERVICE = '/varve.v1.IngestService';
const OTLP_EXPORT = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
/** Everything beside the load itself: encoding, connecting, the last acks. */
const SPARE_SECONDS = 60;

/** What a client does once it is told to start; resolves with the last ack. */
type Start = (recorder: Recorder) => Promise<void>;

interface Recorder {
  readonly startMs: number;
  readonly isOver: (batches: number) => boolean;
  acknowledged(sinceMs: number, points: number): void;
  result(): LoadResult;
}

process.on('disconnect', () => process.exit(1));
const { job } = (await nextMessage('job')) as Extract<DriverMessage, { kind: 'job' }>;
endAfter(job.secondsMax + SPARE_SECONDS);
const starts = await Promise.all(
  Array.from({ length: job.clients }, (_, index) => {
    return job.method === 'stream' ? prepareStream(index) : prepareCaller(index);
  }),
);
tell({ kind: 'ready' });
await nextMessage('go');
const recorder = createRecorder(job);
await Promise.all(starts.map((start) => start(recorder)));
tell({ kind: 'done', result: recorder.result() }, () => process.exit());

async function prepareStream(index: number): Promise<Start> {
  const series = seriesOfClient(index);
  const source = columnsSource(series, job.rounds, job.roundsPerBatch);
  let onAck = () => {};
  const session = await openSession(job.address);
  const call = openCall(session, `${SERVICE}/WriteStream`, () => onAck());
  await new Promise<void>((resolve, reject) => {
    onAck = resolve;
    call.finished.catch(reject);
    call.send(definitionsMessage(series));
  });
  return async (recorder) => {
    const stream = createSender(call, source, recorder);
    onAck = stream.acknowledged;
    if (job.pointsPerSecond > 0) sendWhenDue(stream, source, index, recorder);
    else for (let i = 0; i < job.inFlight; i++) stream.send(performance.now());
    await call.finished;
    session.close();
  };
}

function createSender(call: MessageStream, source: BatchSource, recorder: Recorder) {
  const waitingSinceMs: number[] = [];
  let sent = 0;
  const endWhenDone = () => {
    if (recorder.isOver(sent) && waitingSinceMs.length === 0) call.end();
  };
  const send = (dueMs: number) => {
    if (recorder.isOver(sent)) return endWhenDone();
    if (waitingSinceMs.length === source.distinct) throw new Error('the server falls behind');
    waitingSinceMs.push(dueMs);
    call.send(source.next(job.startMs + sent++ * source.roundsPerBatch * STEP_MS));
  };
  const acknowledged = () => {
    recorder.acknowledged(waitingSinceMs.shift()!, source.pointsPerBatch);
    if (job.pointsPerSecond === 0) send(performance.now());
    endWhenDone();
  };
  return { send, acknowledged, isOver: () => recorder.isOver(sent) };
}

/**
 * Keeps to the timetable whether acks come or not, so that a server that stands still for a while
 * is seen to delay every batch that fell due meanwhile.
 */
function sendWhenDue(
  stream: ReturnType<typeof createSender>,
  { pointsPerBatch }: BatchSource,
  index: number,
  { startMs }: Recorder,
): void {
  const intervalMs = (1000 * pointsPerBatch * job.clients) / job.pointsPerSecond;
  let dueMs = startMs + (intervalMs * index) / job.clients;
  const tick = () => {
    for (; dueMs <= performance.now(); dueMs += intervalMs) {
      stream.send(dueMs);
      if (stream.isOver()) return stream.send(dueMs);
    }
    setTimeout(tick, dueMs - performance.now());
  };
  tick();
}

async function prepareCaller(index: number): Promise<Start> {
  const isOtlp = job.method === 'otlp';
  const source = (isOtlp ? otlpSource : seriesSource)(seriesOfClient(index), job.rounds);
  const path = isOtlp ? OTLP_EXPORT : `${SERVICE}/Write`;
  const session = await openSession(job.address);
  const write = async (round: number) => {
    const call = openCall(session, path, () => {});
    call.send(source.next(job.startMs + round * STEP_MS));
    call.end();
    await call.finished;
  };
  // Registers the series: what is measured is a writer that goes on.
  await write(0);
  return async (recorder) => {
    for (let round = 1; !recorder.isOver(round); round++) {
      const sinceMs = performance.now();
      await write(round);
      recorder.acknowledged(sinceMs, source.pointsPerBatch);
    }
    session.close();
  };
}

function seriesOfClient(index: number): LoadSeries {
  const { seriesPerClient: count, service } = job;
  return { first: index * count, count, service };
}

function createRecorder({ secondsMax, batchesMax }: LoadJob): Recorder {
  const startMs = performance.now();
  const stopMs = startMs + secondsMax * 1000;
  const cpuBefore = process.cpuUsage();
  const ackMs: number[] = [];
  const atMs: number[] = [];
  const pointsBySecond: number[] = [];
  let lastMs = startMs;
  let points = 0;
  return {
    startMs,
    isOver: (batches) => {
      return performance.now() >= stopMs || (batchesMax > 0 && batches >= batchesMax);
    },
    acknowledged(sinceMs, count) {
      lastMs = performance.now();
      ackMs.push(lastMs - sinceMs);
      atMs.push(performance.timeOrigin + lastMs);
      points += count;
      const second = Math.floor((lastMs - startMs) / 1000);
      while (pointsBySecond.length <= second) pointsBySecond.push(0);
      pointsBySecond[second]! += count;
    },
    result() {
      const { user, system } = process.cpuUsage(cpuBefore);
      const sorted = Float64Array.from(ackMs).sort();
      return {
        points,
        seconds: (lastMs - startMs) / 1000,
        ackMs: {
          p50: quantile(sorted, 0.5),
          p99: quantile(sorted, 0.99),
          max: quantile(sorted, 1),
        },
        acks: { atMs, tookMs: ackMs },
        cpuSeconds: (user + system) / 1e6,
        pointsBySecond: pointsBySecond.slice(0, Math.floor((lastMs - startMs) / 1000)),
      };
    },
  };
}

function tell(message: ClientMessage, then = () => {}): void {
  process.send?.(message, then);
}

function nextMessage(kind: DriverMessage['kind']): Promise<DriverMessage> {
  return new Promise((resolve) => {
    const take = (message: unknown) => {
      if ((message as DriverMessage).kind !== kind) return;
      process.off('message', take);
      resolve(message as DriverMessage);
    };
    process.on('message', take);
  });
}
