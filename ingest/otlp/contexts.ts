// What surrounds the points of OTLP: resource, scope, metric. A request names each once and a
// sender repeats them for ever, so each gets a number that stands for its bytes, and only what has
// no number yet, or a series that is new, is decoded.

import { fromBinary } from '@bufbuild/protobuf';
import {
  AggregationTemporality,
  InstrumentationScopeSchema,
  ResourceSchema,
} from '../../proto/index.ts';
import type { MetadataStore, MetricType } from '../../storage/index.ts';
import { generated, toAttributes } from '../decode/otlp/attributes.ts';
import {
  type LabelMap,
  type ResourceLabels,
  resourceLabels,
  scopeLabels,
} from '../decode/otlp/labels.ts';
import { DATA_KIND, type MetricHeader } from '../decode/otlp/metrics.ts';
import { type MetricKind, type OtlpNamer, unitName } from '../decode/otlp/names.ts';
import { type ByteRange, rangeKey, readUtf8 } from '../decode/otlp/wire.ts';
import type { Reason } from '../reasons.ts';
import type { SeriesCache } from '../series-cache.ts';
import type { OtlpSettings } from './settings.ts';

export interface ContextIds {
  /**
   * The number that stands for `key`: the same as before, as long as it is remembered, and never
   * that of another. `learn` is asked for a mark to remember with it when it is new.
   */
  of(key: string, learn: () => boolean): { readonly id: string; readonly isMarked: boolean };
}

/** `cache` is asked for nothing else. */
export function createContextIds(cache: SeriesCache): ContextIds {
  let last = 0;
  return {
    of(key, learn) {
      let code = cache.get(key);
      if (code === 0) {
        const isMarked = learn();
        code = ++last * 2 + (isMarked ? 1 : 0);
        cache.set(key, code);
      }
      return { id: Math.floor(code / 2).toString(36), isMarked: code % 2 === 1 };
    },
  };
}

/** What translation depends on; `ids` are for these settings alone. */
export interface Translation {
  readonly settings: OtlpSettings;
  readonly namer: OtlpNamer;
  readonly ids: ContextIds;
}

export interface ResourceContext {
  readonly id: string;
  readonly hasTarget: boolean;
  readonly labels: () => ResourceLabels;
}

export interface ScopeContext {
  readonly id: string;
  readonly labels: () => LabelMap;
}

export interface MetricContext {
  readonly id: string;
  /** Undefined when the metric's name cannot be translated. */
  readonly name: () => string | undefined;
  /** Why no point of it is stored. */
  readonly refusal: Reason | undefined;
  /** Whether its points are changes that are to be added up. */
  readonly isDelta: boolean;
}

export function resourceContext(range: ByteRange, translation: Translation): ResourceContext {
  const { settings, namer, ids } = translation;
  const labels = once(() => {
    const { attributes } = generated(() => fromBinary(ResourceSchema, contentOf(range)));
    return resourceLabels(toAttributes(attributes), settings.promoteResourceAttributes, namer);
  });
  const { id, isMarked } = ids.of(rangeKey(range), () => labels().target !== undefined);
  return { id, hasTarget: isMarked, labels };
}

export function scopeContext(
  range: ByteRange,
  schemaUrl: ByteRange,
  resource: ResourceContext,
  { settings, namer, ids }: Translation,
): ScopeContext {
  if (!settings.promoteScopeMetadata) return { id: resource.id, labels: () => new Map() };
  const labels = once(() => {
    const scope = generated(() => fromBinary(InstrumentationScopeSchema, contentOf(range)));
    const attributes = toAttributes(scope.attributes);
    return scopeLabels({ ...scope, attributes, schemaUrl: readUtf8(schemaUrl) }, namer);
  });
  const key = `${resource.id}/${rangeKey(range)}/${rangeKey(schemaUrl)}`;
  const { id } = ids.of(key, () => labels().size > 0);
  return { id, labels };
}

export function metricContext(
  header: MetricHeader,
  scope: ScopeContext,
  { settings, namer, ids }: Translation,
  metadata: MetadataStore,
): MetricContext {
  const { kind, temporality, isMonotonic } = header;
  const [name, unit, help] = [header.name, header.unit, header.description].map(rangeKey);
  const lengths = `${name!.length}/${unit!.length}`;
  const form = `${kind}/${temporality}/${isMonotonic ? 1 : 0}`;
  const translated = once(() =>
    namer.metricName(readUtf8(header.name), readUtf8(header.unit), kindOf(header)),
  );
  const { id } = ids.of(`${scope.id}/${form}/${lengths}/${name}${unit}${help}`, () => {
    const metric = translated();
    const told = { help: readUtf8(header.description), unit: unitName(readUtf8(header.unit)) };
    if (metric !== undefined) metadata.set(metric, { type: typeOf(header, settings), ...told });
    return metric !== undefined;
  });
  const isDelta = temporality === AggregationTemporality.DELTA && settings.delta === 'accumulate';
  return { id, name: translated, refusal: refusalOf(header, settings), isDelta };
}

/** Sums that go up and down are levels, which changes alone do not tell. */
function refusalOf(header: MetricHeader, { delta }: OtlpSettings): Reason | undefined {
  if (!hasTemporality(header)) return undefined;
  const { temporality, kind, isMonotonic } = header;
  if (temporality === AggregationTemporality.CUMULATIVE) return undefined;
  if (temporality !== AggregationTemporality.DELTA || delta === 'reject') return 'temporality';
  const isLevel = kind === DATA_KIND.sum && !isMonotonic;
  return isLevel && delta === 'accumulate' ? 'temporality' : undefined;
}

function hasTemporality({ kind }: MetricHeader): boolean {
  return kind !== DATA_KIND.gauge && kind !== DATA_KIND.summary;
}

function kindOf({ kind, isMonotonic }: MetricHeader): MetricKind {
  switch (kind) {
    case DATA_KIND.gauge:
      return 'gauge';
    case DATA_KIND.sum:
      return isMonotonic ? 'counter' : 'level';
    case DATA_KIND.summary:
      return 'summary';
    default:
      return 'histogram';
  }
}

/** A delta that is stored as it came is none of Prometheus's types. */
function typeOf(header: MetricHeader, { delta }: OtlpSettings): MetricType {
  const isKept = header.temporality === AggregationTemporality.DELTA && delta === 'keep';
  if (isKept && hasTemporality(header)) return 'unknown';
  const kind = kindOf(header);
  return kind === 'level' ? 'gauge' : kind;
}

function contentOf({ bytes, start, end }: ByteRange): Buffer {
  return bytes.subarray(start, end);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
