// From resources, scopes and attributes to labels, as Prometheus's OTLP receiver does it.

import { compareText, type Label } from '../../../storage/index.ts';
import type { Reason } from '../../reasons.ts';
import type { Attributes } from './attributes.ts';
import type { OtlpNamer } from './names.ts';

const SERVICE_NAME = 'service.name';
const SERVICE_NAMESPACE = 'service.namespace';
const SERVICE_INSTANCE = 'service.instance.id';
/** What becomes `job` and `instance`. */
const IDENTIFYING = [SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_INSTANCE];

/** Names with values; an empty value is a label that is not there. */
export type LabelMap = ReadonlyMap<string, string>;

export interface ResourceLabels {
  /** `job` and `instance`, where the resource tells them. */
  readonly identity: LabelMap;
  /** Attributes that are to be on every series. */
  readonly promoted: LabelMap;
  /** Those of the series `target_info`; undefined when it would say nothing new, or of nobody. */
  readonly target: LabelMap | undefined;
}

export interface InstrumentationScopeText {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
  readonly attributes: Attributes;
}

/** `promote` has keys of attributes. */
export function resourceLabels(
  attributes: Attributes,
  promote: readonly string[],
  namer: OtlpNamer,
): ResourceLabels {
  const identity = identityOf(attributes);
  const promoted = new Map<string, string>();
  for (const key of promote) {
    const name = namer.labelName(key);
    const value = attributes.get(key);
    if (name !== undefined && value !== undefined) promoted.set(name, value);
  }
  return { identity, promoted, target: targetLabels(attributes, identity, namer) };
}

function identityOf(attributes: Attributes): LabelMap {
  const identity = new Map<string, string>();
  const service = attributes.get(SERVICE_NAME);
  const namespace = attributes.get(SERVICE_NAMESPACE);
  if (service !== undefined) {
    identity.set('job', namespace === undefined ? service : `${namespace}/${service}`);
  }
  const instance = attributes.get(SERVICE_INSTANCE);
  if (instance !== undefined) identity.set('instance', instance);
  return identity;
}

function targetLabels(
  attributes: Attributes,
  identity: LabelMap,
  namer: OtlpNamer,
): LabelMap | undefined {
  const others = new Map([...attributes].filter(([key]) => !IDENTIFYING.includes(key)));
  if (others.size === 0) return undefined;
  const labels = attributeLabels(others, namer);
  if (typeof labels === 'string') return undefined;
  const target = merged(labels, identity);
  return target.get('job') || target.get('instance') ? target : undefined;
}

/** `otel_scope_*`. A scope without a name says nothing. */
export function scopeLabels(scope: InstrumentationScopeText, namer: OtlpNamer): LabelMap {
  const labels = new Map<string, string>();
  if (scope.name === '') return labels;
  for (const [key, value] of scope.attributes) {
    const name = namer.labelName(`otel_scope_${key}`);
    if (name !== undefined) labels.set(name, value);
  }
  labels.set('otel_scope_name', scope.name);
  labels.set('otel_scope_version', scope.version);
  labels.set('otel_scope_schema_url', scope.schemaUrl);
  return labels;
}

/** The labels that all series of one data point have. */
export function pointLabels(
  attributes: Attributes,
  resource: ResourceLabels,
  scope: LabelMap,
  namer: OtlpNamer,
): LabelMap | Reason {
  const own = attributeLabels(attributes, namer);
  if (typeof own === 'string') return own;
  return merged(merged(resource.promoted, own), merged(resource.identity, scope));
}

/** Attributes whose keys become one name share a label, their values in the order of the keys. */
export function attributeLabels(attributes: Attributes, namer: OtlpNamer): LabelMap | Reason {
  const labels = new Map<string, string>();
  for (const [key, value] of [...attributes].sort(([a], [b]) => compareText(a, b))) {
    if (key === '__name__') continue;
    const name = namer.labelName(key);
    if (name === undefined) return key === '' ? 'empty_label_name' : 'untranslatable_name';
    const before = labels.get(name);
    labels.set(name, before ? `${before};${value}` : value);
  }
  return labels;
}

/** Of a name in both, `over` has the say, unless it has no value for it. */
function merged(under: LabelMap, over: LabelMap): LabelMap {
  if (under.size === 0) return over;
  return new Map([...under, ...[...over].filter(([, value]) => value !== '')]);
}

/** One series of a point, or why it cannot be one. */
export function seriesLabels(
  base: LabelMap | Reason,
  name: string,
  extra?: Label,
): readonly Label[] | Reason {
  if (typeof base === 'string') return base;
  const labels = new Map(base).set('__name__', name);
  if (extra !== undefined) labels.set(extra.name, extra.value);
  return Array.from(labels, ([label, value]) => ({ name: label, value }));
}
