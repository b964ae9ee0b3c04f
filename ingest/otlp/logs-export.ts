// One ExportLogsServiceRequest, whichever way it came: its records stored as events, and answered
// as OTLP has it. https://opentelemetry.io/docs/specs/otlp/

import { setImmediate as nextTurn } from 'node:timers/promises';
import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type ExportLogsServiceResponseSchema,
  type ResourceLogs,
  ResourceLogsSchema,
} from '../../proto/index.ts';
import type { Label, Storage } from '../../storage/index.ts';
import type { Admission } from '../admission.ts';
import { entryReader } from '../decode/entries.ts';
import { generated, toAttributes } from '../decode/otlp/attributes.ts';
import { createOtlpNamer } from '../decode/otlp/names.ts';
import { WIRE_LEN } from '../decode/wire.ts';
import type { DoorRequest } from '../door.ts';
import { createEventBatch } from '../event-batch.ts';
import type { EventWriter } from '../event-writer.ts';
import type { WriteOutcome } from '../point-writer.ts';
import { type Reason, reasonText } from '../reasons.ts';
import type { SeriesCache } from '../series-cache.ts';
import { type EventOfRecord, eventOf, type RecordContext } from './log-records.ts';
import type { OtlpSettings } from './settings.ts';
import { createStreamGuard } from './stream-guard.ts';

const RESOURCE_LOGS_TAG = 1 * 8 + WIRE_LEN;
/** Memory that decoded records take, by their bytes. */
const DECODED_FACTOR = 4;
/** Reasons that an answer names. */
const REASONS_NAMED_MAX = 8;

export type ExportLogsAnswer = MessageInitShape<typeof ExportLogsServiceResponseSchema>;

export interface LogsExporter {
  /** Stores what `body`, an encoded ExportLogsServiceRequest, has in it. */
  store(
    body: Buffer,
    request: DoorRequest,
  ): Promise<{ readonly answer: ExportLogsAnswer; readonly outcome: WriteOutcome }>;
  /** From the next request on. */
  setSettings(settings: OtlpSettings): void;
}

export interface LogsExporterOptions {
  readonly settings: OtlpSettings;
  readonly storage: Storage;
  readonly events: EventWriter;
  readonly admission: Pick<Admission, 'takePoints'>;
  /** For streams. */
  readonly cache: SeriesCache;
  readonly monotonicMs: () => number;
}

export function createLogsExporter(options: LogsExporterOptions): LogsExporter {
  const { storage, events, admission, cache } = options;
  let settings = options.settings;
  const streamsMax = () => settings.streamsMax;
  const streamGuard = createStreamGuard({ storage, monotonicMs: options.monotonicMs, streamsMax });

  async function store(body: Buffer, request: DoorRequest) {
    const { limits, arrivedAtMs } = request;
    request.hold(body.length * DECODED_FACTOR);
    const namer = createOtlpNamer(settings.translation);
    const guards = [...request.guards, streamGuard];
    const batch = createEventBatch({ storage, writer: events, cache, limits, guards });
    const arrivedNs = BigInt(Math.floor(arrivedAtMs)) * 1_000_000n;
    const take = ({ stream, timestampNs, body: text, attributes }: EventOfRecord) => {
      batch.add(streamKey(stream), () => stream, {
        timestampNs: timestampNs || arrivedNs,
        body: Buffer.from(text),
        attributes,
      });
    };
    const reader = entryReader(body, RESOURCE_LOGS_TAG, ({ bytes, offset, end }) => {
      const logs = generated(() => fromBinary(ResourceLogsSchema, bytes.subarray(offset, end)));
      for (const [record, context] of recordsOf(logs)) {
        take(eventOf(record, context, settings.streamLabels, namer));
      }
    });
    while (reader.read(1)) await nextTurn();
    admission.takePoints(batch.size(), limits, request.sender);
    const outcome = await batch.write();
    const { rejections } = outcome;
    if (rejections.total() === 0) return { answer: {}, outcome };
    const reasons = rejections
      .entries()
      .slice(0, REASONS_NAMED_MAX)
      .map(([reason]) => reasonText(reason, rejections, limits));
    const partialSuccess = {
      rejectedLogRecords: BigInt(rejections.total()),
      errorMessage: reasons.join('; '),
    };
    return { answer: { partialSuccess }, outcome };
  }

  return {
    store,
    setSettings(next) {
      settings = next;
    },
  };
}

function* recordsOf({ resource, scopeLogs }: ResourceLogs) {
  const attributes = toAttributes(resource?.attributes ?? []);
  for (const { scope, logRecords } of scopeLogs) {
    const context: RecordContext = { resource: attributes, scope };
    for (const record of logRecords) yield [record, context] as const;
  }
}

/** The same for the same labels, in whatever settings they were chosen. */
function streamKey(stream: readonly Label[] | Reason): string {
  return JSON.stringify(stream);
}
