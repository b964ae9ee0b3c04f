// One WriteStream call: batches in, acks out in the order of the batches.
//
// Batches are submitted one after the other, so that the later of two writes of a point wins, but
// none waits for the fsync of the one before: they share it. How many wait for their ack is
// bounded; beyond that reading pauses, and HTTP/2 flow control holds the client back. The first
// batch that fails ends the call with its error, after the acks of all batches before it.

import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Admission } from './admission.ts';
import type { BatchOutcome, BatchWriter } from './batch-writer.ts';
import { createDictionary, type Dictionary } from './dictionary.ts';
import type { IngestError } from './errors.ts';
import { limitReadAhead } from './grpc/flow-control.ts';
import type { IngestLimits } from './limits.ts';
import type { IngestMetrics } from './metrics.ts';
import { REJECTED_ID_MIN } from './reasons.ts';
import { toAnswer, toGrpcError, type WriteAnswer } from './responses.ts';
import type { Sender } from './sender.ts';

export type WriteStreamCall = ServerDuplexStream<Buffer, WriteAnswer>;

/** What every call of the service works with. */
export interface WriteContext {
  readonly writer: BatchWriter;
  readonly admission: Admission;
  readonly metrics: IngestMetrics;
  readonly limits: () => IngestLimits;
  /** See Storage. */
  readonly holdSeries: (ids: () => Iterable<number>) => () => void;
  readonly monotonicMs: () => number;
  /** Counts what is durable and what was rejected. */
  readonly onStored: (method: 'WriteStream', outcome: BatchOutcome, sender: Sender) => void;
  /** Counts the error, and logs it when it is a bug of ours. */
  readonly onError: (method: 'Write' | 'WriteStream', error: unknown, sender: Sender) => void;
}

/** Stands for the error of a batch that was not taken in because an earlier one failed. */
const SKIPPED = new Error('skipped');

/** Batches that may wait for the one that is being submitted. */
const WAITING_MAX = 1;

interface Batch {
  /** Memory it holds: its message at first, then its points, which may have been compressed. */
  sizeBytes: number;
  readonly arrivedMs: number;
  result: BatchOutcome | Error | undefined;
}

export class WriteStream {
  /** Resolves when the call is over and none of its batches is under way any more. */
  readonly finished: Promise<void>;
  readonly #call: WriteStreamCall;
  readonly #context: WriteContext;
  readonly #sender: Sender;
  readonly #dictionary: Dictionary;
  /** Batches without an answer, oldest first. */
  readonly #batches: Batch[] = [];
  /** Batches and bytes whose ack has not left for the client: the credit in use. */
  #creditBatches = 0;
  #creditBytes = 0;
  /** The line of submissions: how many are in it, and its end. */
  #submitting = 0;
  #submitted: Promise<void> = Promise.resolve();
  /** Open takes batches; closing takes no more and answers what it has; closed answers nobody. */
  #state: 'open' | 'closing' | 'closed' = 'open';
  /** What the client hears when a closing call has answered everything. */
  #ending: IngestError | undefined;
  #resolveFinished: () => void = () => {};

  constructor(call: WriteStreamCall, sender: Sender, context: WriteContext) {
    this.#call = call;
    this.#context = context;
    this.#sender = sender;
    this.#dictionary = createDictionary(context.limits().refs);
    const letGo = context.holdSeries(() => this.#seriesIds());
    this.finished = new Promise((resolve) => {
      this.#resolveFinished = () => {
        letGo();
        resolve();
      };
    });
    limitReadAhead(call, 1);
    call.on('cancelled', () => this.#close());
    call.on('end', () => this.#stop());
    call.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  /** Takes no more batches; ends the call with `reason` once those it has are answered. */
  drain(reason: IngestError): void {
    this.#ending = reason;
    this.#stop();
  }

  /** A ref may be written to after any time: what it stands for is not to be forgotten. */
  *#seriesIds(): Iterable<number> {
    for (const id of this.#dictionary.ids()) if (id < REJECTED_ID_MIN) yield id;
  }

  #take(bytes: Buffer): void {
    if (this.#state !== 'open') return;
    const { admission, metrics, monotonicMs } = this.#context;
    const sizeBytes = bytes.length;
    const batch: Batch = { sizeBytes, arrivedMs: monotonicMs(), result: undefined };
    this.#batches.push(batch);
    this.#creditBatches++;
    this.#creditBytes += sizeBytes;
    admission.enterPaced(sizeBytes);
    metrics.received('WriteStream', sizeBytes);
    this.#submitting++;
    if (!this.#mayRead()) this.#call.pause();
    this.#submitted = this.#submitted.then(async () => {
      await this.#submit(batch, bytes);
      this.#submitting--;
      this.#readOn();
    });
  }

  /** One batch is always let in, whatever other calls use, so that every call moves on. */
  #mayRead(): boolean {
    if (this.#creditBatches === 0) return true;
    if (this.#submitting > WAITING_MAX) return false;
    const limits = this.#context.limits();
    return (
      this.#creditBatches < limits.streamBatches &&
      this.#creditBytes < limits.streamBytes &&
      this.#context.admission.hasRoom(limits)
    );
  }

  #readOn(): void {
    if (this.#state === 'open' && this.#call.isPaused() && this.#mayRead()) this.#call.resume();
  }

  /** Resolves when the batch is in storage's hands, whatever becomes of it. */
  async #submit(batch: Batch, bytes: Buffer): Promise<void> {
    // Behind a batch that was refused nothing is taken in: the client sends it all again.
    if (this.#batches.some(({ result }) => result instanceof Error) || this.#state === 'closed') {
      this.#settle(batch, SKIPPED);
      return;
    }
    try {
      const { durable } = await this.#context.writer.submit(
        bytes,
        this.#sender,
        this.#dictionary,
        (size) => this.#grow(batch, size),
      );
      durable.then(
        (outcome) => this.#settle(batch, outcome),
        (error) => this.#settle(batch, asError(error)),
      );
    } catch (error) {
      this.#settle(batch, asError(error));
    }
  }

  #grow(batch: Batch, sizeBytes: number): void {
    const moreBytes = Math.max(0, sizeBytes - batch.sizeBytes);
    batch.sizeBytes += moreBytes;
    this.#creditBytes += moreBytes;
    this.#context.admission.enterPaced(moreBytes);
    if (!this.#mayRead()) this.#call.pause();
  }

  #settle(batch: Batch, result: BatchOutcome | Error): void {
    batch.result = result;
    this.#context.admission.leave(batch.sizeBytes);
    if (!(result instanceof Error)) this.#context.onStored('WriteStream', result, this.#sender);
    this.#answer();
  }

  /** Answers the batches that are settled, up to the first that is not. */
  #answer(): void {
    for (let first = this.#batches[0]; first?.result !== undefined; first = this.#batches[0]) {
      this.#batches.shift();
      if (this.#state === 'closed') continue;
      if (first.result instanceof Error) this.#end(first.result);
      else this.#acknowledge(first, first.result);
    }
    if (this.#batches.length > 0) return;
    if (this.#state === 'closing') this.#end(this.#ending);
    if (this.#state === 'closed') this.#resolveFinished();
  }

  #acknowledge(batch: Batch, outcome: BatchOutcome): void {
    const { metrics, monotonicMs, limits } = this.#context;
    // Credit comes back when the ack has left: a client that reads no acks is not read either.
    this.#call.write(toAnswer(outcome, limits()), () => {
      this.#creditBatches--;
      this.#creditBytes -= batch.sizeBytes;
      this.#readOn();
    });
    metrics.acknowledged('WriteStream', monotonicMs() - batch.arrivedMs);
  }

  #end(error?: Error): void {
    this.#close();
    if (error === undefined) {
      this.#call.end();
      return;
    }
    this.#context.onError('WriteStream', error, this.#sender);
    this.#call.emit('error', toGrpcError(error));
  }

  #stop(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#call.pause();
    this.#answer();
  }

  #close(): void {
    this.#state = 'closed';
    if (this.#batches.length === 0) this.#resolveFinished();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
