// Points as JSON lines, which `POST /api/v1/import` reads back bit for bit: a series, or a part of
// one, a line. {"metric":{"__name__":"up"},"values":[1,null],"timestamps":[1000,2000]}
//
// What JSON has no number for is written as VictoriaMetrics does: null is the ordinary NaN of
// Prometheus (0x7ff8000000000001), and "Infinity", "-Infinity" and "StaleNaN" say what they are.
// Any other NaN has its bits in hexadecimal digits behind it: "NaN:7ff8000000000000".
//
// Events have lines of their own: {"stream":{"service":"api"},"events":[["1000000007","GET /"]]}.

import { isUtf8 } from 'node:buffer';
import type { SeriesPoints, StoredEvent } from '../../storage/index.ts';
import { formatNs } from '../events/event-time.ts';
import { metricJson } from './json.ts';

/** Some 250 KB: a reader needs memory for one line. */
const LINE_POINTS_MAX = 10_000;
/** Of events, but for the last one of a line. */
const LINE_CHARS_MAX = 256 * 1024;

export function* jsonLines({ labels, timestampsMs, values }: SeriesPoints): Generator<string> {
  const metric = metricJson(labels);
  for (let from = 0; from < values.length; from += LINE_POINTS_MAX) {
    const to = from + LINE_POINTS_MAX;
    const times = timestampsMs.subarray(from, to).join(',');
    const texts = valueTexts(values.subarray(from, to)).join(',');
    yield `{"metric":${metric},"values":[${texts}],"timestamps":[${times}]}\n`;
  }
}

/** Events that follow each other in one stream share a line. */
export function* eventLines(events: readonly StoredEvent[]): Generator<string> {
  for (let from = 0; from < events.length; ) {
    const { labels } = events[from]!;
    const texts: string[] = [];
    let chars = 0;
    let to = from;
    while (to < events.length && events[to]!.labels === labels && chars < LINE_CHARS_MAX) {
      const text = eventText(events[to++]!);
      chars += text.length;
      texts.push(text);
    }
    yield `{"stream":${metricJson(labels)},"events":[${texts.join(',')}]}\n`;
    from = to;
  }
}

/** Bytes that are no UTF-8 go as base64, so that they come back as they were. */
function eventText({ timestampMs, nanos, body, attributes }: StoredEvent): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const text = JSON.stringify(
    isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString('base64') },
  );
  const others = attributes.length > 0 ? `,${metricJson(attributes)}` : '';
  return `["${formatNs(timestampMs, nanos)}",${text}${others}]`;
}

function valueTexts(values: Float64Array): string[] {
  // As words: a double that passes through a register may come out as another NaN.
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const texts = new Array<string>(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) texts[i] = nanText(words[2 * i]!, words[2 * i + 1]!);
    else if (Number.isFinite(value)) texts[i] = Object.is(value, -0) ? '-0' : String(value);
    else texts[i] = value > 0 ? '"Infinity"' : '"-Infinity"';
  }
  return texts;
}

function nanText(low: number, high: number): string {
  if (high === 0x7ff8_0000 && low === 1) return 'null';
  if (high === 0x7ff0_0000 && low === 2) return '"StaleNaN"';
  return `"NaN:${hex(high)}${hex(low)}"`;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
