// What a load client is told, and what it tells afterwards.

/** Between two points of a series. */
export const STEP_MS = 10_000;

export interface LoadJob {
  /** HOST:PORT of a gRPC server. */
  readonly address: string;
  /**
   * Dictionary and columns on `stream`; one point each of self-contained series by `unary`, and of
   * OpenTelemetry's by `otlp`.
   */
  readonly method: 'stream' | 'unary' | 'otlp';
  /** Streams or callers, each with a connection and series of its own. */
  readonly clients: number;
  readonly seriesPerClient: number;
  /** The label `service` of every series. */
  readonly service: string;
  /** Time of the first point of each series; the others follow every STEP_MS. */
  readonly startMs: number;
  /** Points of each series in a batch; 1 but for `stream`. */
  readonly roundsPerBatch: number;
  /** Values before they repeat, for each series: a multiple of `roundsPerBatch`. */
  readonly rounds: number;
  /** Batches of a stream that wait for their ack at full speed; a caller has one. */
  readonly inFlight: number;
  /** Over all clients: batches are sent when they are due, acknowledged or not; 0: full speed. */
  readonly pointsPerSecond: number;
  readonly secondsMax: number;
  /** For each client; 0: as many as there is time for. */
  readonly batchesMax: number;
}

export interface LoadResult {
  readonly points: number;
  /** From the start to the last ack. */
  readonly seconds: number;
  /** From when a batch was due, at full speed from when it was sent, to its ack. */
  readonly ackMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** When each ack came, ms since the epoch, and how long it took; in the order of acks. */
  readonly acks: { readonly atMs: readonly number[]; readonly tookMs: readonly number[] };
  /** Of the client. */
  readonly cpuSeconds: number;
  /** Points acknowledged in each whole second. */
  readonly pointsBySecond: readonly number[];
}

export type ClientMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly result: LoadResult };

export type DriverMessage =
  | { readonly kind: 'job'; readonly job: LoadJob }
  | { readonly kind: 'go' };

/** One stream, as fast as it goes, that has been sending for `lengthMs` when it ends at `endMs`. */
export function historyUntil(
  endMs: number,
  lengthMs: number,
  seriesPerClient: number,
): Omit<LoadJob, 'address'> {
  const roundsPerBatch = 8;
  const rounds = lengthMs / STEP_MS;
  return {
    method: 'stream',
    clients: 1,
    seriesPerClient,
    service: 'telemetry',
    startMs: endMs - lengthMs + STEP_MS,
    roundsPerBatch,
    rounds,
    inFlight: 4,
    pointsPerSecond: 0,
    secondsMax: 60,
    batchesMax: rounds / roundsPerBatch,
  };
}
