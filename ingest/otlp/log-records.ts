// From OpenTelemetry's log records to events: which stream a record belongs to, its text, and what
// is kept beside it.

import type { InstrumentationScope, LogRecord } from '../../proto/index.ts';
import type { Label } from '../../storage/index.ts';
import { type Attributes, toAttributes, valueText } from '../decode/otlp/attributes.ts';
import { attributeLabels } from '../decode/otlp/labels.ts';
import type { OtlpNamer } from '../decode/otlp/names.ts';
import type { Reason } from '../reasons.ts';

/** In the config, beside keys of attributes: all attributes of the resource, and the severity. */
export const STREAM_LABEL_RESOURCE = 'resource';
export const STREAM_LABEL_SEVERITY = 'severity';

/** The label that a severity becomes. */
const LEVEL = 'level';
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
/** Severity numbers of one level. */
const NUMBERS_PER_LEVEL = 4;

export interface EventOfRecord {
  /** In any order, or why they cannot be labels. */
  readonly stream: readonly Label[] | Reason;
  /** 0 when the record does not tell. */
  readonly timestampNs: bigint;
  readonly body: string;
  readonly attributes: readonly Label[];
}

/** What records share: attributes of the resource, and the scope. */
export interface RecordContext {
  readonly resource: Attributes;
  readonly scope: InstrumentationScope | undefined;
}

/** `streamLabels` are those of the config. */
export function eventOf(
  record: LogRecord,
  { resource, scope }: RecordContext,
  streamLabels: readonly string[],
  namer: OtlpNamer,
): EventOfRecord {
  const own = new Map(toAttributes(record.attributes));
  const chosen = new Map<string, string>();
  const rest = new Map(resource);
  const level = levelOf(record);
  for (const key of streamLabels) {
    if (key === STREAM_LABEL_SEVERITY) continue;
    if (key === STREAM_LABEL_RESOURCE) {
      for (const [name, value] of resource) chosen.set(name, value);
      rest.clear();
      continue;
    }
    const value = own.get(key) ?? resource.get(key);
    if (value !== undefined) chosen.set(key, value);
    own.delete(key);
    rest.delete(key);
  }
  const labels = attributeLabels(chosen, namer);
  const isLeveled = streamLabels.includes(STREAM_LABEL_SEVERITY) && level !== '';
  const stream =
    typeof labels === 'string'
      ? labels
      : toLabels(isLeveled ? new Map([...labels, [LEVEL, level]]) : labels);
  return {
    stream,
    timestampNs: record.timeUnixNano || record.observedTimeUnixNano,
    body: valueText(record.body),
    attributes: toLabels(new Map([...rest, ...own, ...fieldsOf(record, scope)])),
  };
}

/** By its number, or as its sender calls it. */
function levelOf({ severityNumber, severityText }: LogRecord): string {
  const level = LEVELS[Math.ceil(severityNumber / NUMBERS_PER_LEVEL) - 1];
  return level ?? severityText.toLowerCase();
}

/** Fields of a record that are kept like attributes, as far as they say something. */
function fieldsOf(record: LogRecord, scope: InstrumentationScope | undefined) {
  const { severityText, eventName, traceId, spanId } = record;
  const fields: [name: string, value: string][] = [
    ['severity_text', severityText],
    ['event_name', eventName],
    ['trace_id', Buffer.from(traceId).toString('hex')],
    ['span_id', Buffer.from(spanId).toString('hex')],
    ['scope_name', scope?.name ?? ''],
  ];
  return fields.filter(([, value]) => value !== '');
}

/** Those that have a value. */
function toLabels(attributes: Attributes): Label[] {
  return Array.from(attributes, ([name, value]) => ({ name, value })).filter(
    ({ value }) => value !== '',
  );
}
