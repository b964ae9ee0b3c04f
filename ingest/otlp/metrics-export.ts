// One ExportMetricsServiceRequest, whichever way it came: stored, and answered as OTLP has it.
// https://opentelemetry.io/docs/specs/otlp/

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ExportMetricsServiceResponseSchema } from '../../proto/index.ts';
import { walkMetrics } from '../decode/otlp/metrics.ts';
import { createOtlpNamer } from '../decode/otlp/names.ts';
import type { DoorRequest } from '../door.ts';
import type { IngestLimits } from '../limits.ts';
import type { IdentifiedPoints } from '../point-writer.ts';
import {
  REJECTED_ID_MIN,
  type Reason,
  type Rejections,
  reasonText,
  rejectedId,
} from '../reasons.ts';
import type { SeriesCache } from '../series-cache.ts';
import { type ContextIds, createContextIds, type Translation } from './contexts.ts';
import { createDeltaTotals, type DeltaTotals } from './delta-totals.ts';
import { createMetricsMapper } from './metrics-mapper.ts';
import { createPointLedger } from './point-ledger.ts';
import type { OtlpSettings } from './settings.ts';

/** Some 50 MB of totals. */
const DELTA_SERIES_MAX = 500_000;
/** Longer than any sender waits from one report to the next. */
const DELTA_IDLE_MS = 3_600_000;
/** Reasons that an answer names. */
const REASONS_NAMED_MAX = 8;

export type ExportMetricsAnswer = MessageInitShape<typeof ExportMetricsServiceResponseSchema>;

export interface MetricsExporter {
  /** Stores what `body`, an encoded ExportMetricsServiceRequest, has in it. */
  store(body: Buffer, request: DoorRequest): Promise<ExportMetricsAnswer>;
  /** From the next request on. */
  setSettings(settings: OtlpSettings): void;
}

export interface MetricsExporterOptions {
  readonly settings: OtlpSettings;
  /** For numbers of resources, scopes and metrics. */
  readonly cache: SeriesCache;
  readonly monotonicMs: () => number;
}

export function createMetricsExporter(options: MetricsExporterOptions): MetricsExporter {
  const ids = createContextIds(options.cache);
  const totals = createDeltaTotals({
    seriesMax: DELTA_SERIES_MAX,
    idleMs: DELTA_IDLE_MS,
    monotonicMs: options.monotonicMs,
  });
  let changes = 0;
  let translation = translationOf(options.settings, ids, changes);

  async function store(body: Buffer, request: DoorRequest): Promise<ExportMetricsAnswer> {
    const { limits, metadata } = request;
    const batch = request.createBatch();
    const ledger = createPointLedger();
    const deltas: number[] = [];
    const mapper = createMetricsMapper({
      ...{ batch, ledger, translation, metadata, pointsMax: limits.entries },
      onDelta: (position) => deltas.push(position),
    });
    for (const _ of walkMetrics(body, mapper, limits.entries)) await nextTurn();
    const { rejections } = await request.write(batch, {
      adjust: (points) => accumulated(points, deltas, totals, request),
      onRejected: ledger.rejectAt,
    });
    return toAnswer(ledger.rejected(), rejections, limits);
  }

  return {
    store,
    setSettings(settings) {
      changes++;
      translation = translationOf(settings, ids, changes);
    },
  };
}

/** Numbers given under other settings stand for other labels. */
function translationOf(settings: OtlpSettings, ids: ContextIds, version: number): Translation {
  return {
    settings,
    namer: createOtlpNamer(settings.translation),
    ids: { of: (key, learn) => ids.of(`${version}/${key}`, learn) },
  };
}

/** The points with totals in the place of changes. */
function accumulated(
  identified: IdentifiedPoints,
  deltas: readonly number[],
  totals: DeltaTotals,
  { arrivedAtMs, limits }: DoorRequest,
): IdentifiedPoints {
  const { ids, timestampsMs, values } = identified.points;
  let { idMax } = identified;
  for (const position of deltas) {
    const id = ids[position]!;
    const timestampMs = timestampsMs[position]!;
    // What is rejected anyway is not counted; least of all from the future, which would make all
    // that follows late.
    const isStored =
      id < REJECTED_ID_MIN &&
      timestampMs <= arrivedAtMs + limits.maxFutureMs &&
      timestampMs >= arrivedAtMs - limits.maxPastMs;
    if (!isStored) continue;
    const change = values[position]!;
    const total = Number.isFinite(change) ? totals.add(id, timestampMs, change) : 'not_a_number';
    if (typeof total === 'number') {
      values[position] = total;
      continue;
    }
    ids[position] = rejectedId(total);
    idMax = Math.max(idMax, ids[position]!);
  }
  return { ...identified, idMax };
}

function toAnswer(
  rejected: number,
  rejections: Rejections,
  limits: IngestLimits,
): ExportMetricsAnswer {
  if (rejected === 0) return {};
  const reasons = rejections
    .entries()
    .filter(([reason]) => reason !== 'exemplar')
    .slice(0, REASONS_NAMED_MAX)
    .map(([reason]: [Reason, number]) => reasonText(reason, rejections, limits));
  return {
    partialSuccess: { rejectedDataPoints: BigInt(rejected), errorMessage: reasons.join('; ') },
  };
}
