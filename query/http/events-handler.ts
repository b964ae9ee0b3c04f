// /api/v1/events: log events by labels and text, from either end of a range.

import type { EventSearch, EventTime, StoredEvent } from '../../storage/index.ts';
import { startDeadline } from '../deadline.ts';
import { QueryError } from '../errors.ts';
import { labelsKey } from '../eval/value.ts';
import { parseEventQuery } from '../events/event-query.ts';
import { eventTimeParameter, formatNs } from '../events/event-time.ts';
import { quote } from '../promql/literals.ts';
import type { Answer, Query, RouteContext } from './handler.ts';
import { metricJson, remarksJson } from './json.ts';
import { durationParameter, invalidParameter, limitParameter } from './parameters.ts';

const HOUR_MS = 3_600_000;
const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 5000;

/** Characters after which a piece is passed on. */
const PIECE_CHARS = 65_536;

export async function answerEvents(context: RouteContext, query: Query): Promise<Answer> {
  const { parameters } = query;
  const text = parameters.get('query') ?? '';
  const { matchers, filter } = parseEventQuery(text, context.limits);
  const timeoutMs = durationParameter(parameters, 'timeout');
  const damages: string[] = [];
  const search: EventSearch = {
    selectors: [matchers],
    ...rangeOf(context, parameters),
    direction: directionOf(parameters),
    limit: limitOf(parameters),
    bytesMax: context.limits.bytesMax,
    onCorruption: ({ message }) => damages.push(message),
    ...(filter !== undefined && { filter }),
  };
  // Begun last: what is refused above leaves no timer behind.
  const { signal, clear } = startDeadline(context.limits, timeoutMs, query.signal);
  try {
    const events = await context.engine.gate.run(signal, () =>
      context.storage.findEvents({ ...search, signal }),
    );
    return eventsJson(events, damages);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    clear();
  }
}

/** The last hour, unless it is said otherwise; the end is excluded. */
function rangeOf(
  { nowMs }: RouteContext,
  parameters: URLSearchParams,
): { readonly start: EventTime; readonly end: EventTime } {
  const end = eventTimeParameter(parameters, 'end') ?? { ms: nowMs() + 1, nanos: 0 };
  const start = eventTimeParameter(parameters, 'start') ?? { ms: end.ms - HOUR_MS, nanos: 0 };
  if (end.ms < start.ms || (end.ms === start.ms && end.nanos < start.nanos)) {
    throw new QueryError('bad_data', 'end timestamp must not be before start time');
  }
  return { start, end };
}

function directionOf(parameters: URLSearchParams): EventSearch['direction'] {
  const text = parameters.get('direction') ?? '';
  if (text === '') return 'backward';
  if (text === 'backward' || text === 'forward') return text;
  throw invalidParameter('direction', `${quote(text)} is neither "forward" nor "backward"`);
}

function limitOf(parameters: URLSearchParams): number {
  const limit = limitParameter(parameters);
  if (limit === Number.POSITIVE_INFINITY) return LIMIT_DEFAULT;
  if (limit <= LIMIT_MAX) return limit;
  throw invalidParameter('limit', `at most ${LIMIT_MAX} events are found at once`);
}

/** By stream, the one with the first event first; within it as they were found. */
function* eventsJson(
  events: readonly StoredEvent[],
  warnings: readonly string[],
): Generator<string> {
  const streams = new Map<string, StoredEvent[]>();
  for (const event of events) {
    const key = labelsKey(event.labels);
    const ofStream = streams.get(key);
    if (ofStream === undefined) streams.set(key, [event]);
    else ofStream.push(event);
  }
  let piece = '{"status":"success","data":{"result":[';
  let before = '';
  for (const ofStream of streams.values()) {
    piece += `${before}{"stream":${metricJson(ofStream[0]!.labels)},"values":[`;
    before = ',';
    for (const [i, event] of ofStream.entries()) {
      piece += `${i > 0 ? ',' : ''}${valueJson(event)}`;
      if (piece.length < PIECE_CHARS) continue;
      yield piece;
      piece = '';
    }
    piece += ']}';
  }
  yield `${piece}]}${remarksJson('warnings', warnings)}}`;
}

/** `["<ns>","<body>"]`, and as a third element the attributes, if there are any. */
function valueJson({ timestampMs, nanos, body, attributes }: StoredEvent): string {
  const text = JSON.stringify(Buffer.from(body).toString());
  const others = attributes.length > 0 ? `,${metricJson(attributes)}` : '';
  return `["${formatNs(timestampMs, nanos)}",${text}${others}]`;
}
