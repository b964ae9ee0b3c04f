// The series of a sample line: name{label="value",...}, or {"name",label="value",...} for names
// that are not plain.

import type { Label } from '../../storage/index.ts';
import { LineError, shown } from './line.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSING_BRACE = 0x7d;

/** Where the series ends: after its braces, or after its name when it has none. */
export function seriesEnd(line: string): number {
  const name = /^[^\s{#]*[ \t]*/.exec(line)![0];
  if (line[name.length] !== '{') return name.trimEnd().length;
  let quoted = false;
  for (let at = name.length + 1; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === QUOTE) quoted = !quoted;
    else if (code === BACKSLASH && quoted) at++;
    else if (code === CLOSING_BRACE && !quoted) return at + 1;
  }
  throw new LineError(`the labels of ${shown(name.trimEnd())} are not closed`);
}

/** Text in quotes; written so that long text takes no memory of the expression's. */
const QUOTED = '"([^"\\\\]*(?:\\\\.[^"\\\\]*)*)"';
/** A label, or a quoted name alone; then a comma or the end. */
const ITEM = new RegExp(
  `\\s*(?:${QUOTED}|([a-zA-Z_][a-zA-Z0-9_]*))\\s*(?:=\\s*${QUOTED}\\s*)?(?:,|(?=\\s*$))`,
  'y',
);
const PLAIN_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
/** Far more than label limits let through; what is longer is not looked into. */
const SERIES_CHARS_MAX = 1_048_576;

/** The labels of what `seriesEnd` has cut off. */
export function readSeriesLabels(series: string): Label[] {
  if (series.length > SERIES_CHARS_MAX) {
    throw new LineError(`its labels have more than ${SERIES_CHARS_MAX} characters`);
  }
  const brace = series.indexOf('{');
  const name = (brace < 0 ? series : series.slice(0, brace)).trimEnd();
  if (name !== '' && !PLAIN_NAME.test(name)) {
    throw new LineError(`${shown(name)} is not a metric name; others go in braces and quotes`);
  }
  const labels: Label[] = name === '' ? [] : [{ name: '__name__', value: name }];
  if (brace < 0) return labels;
  const items = series.slice(brace + 1, -1).trimEnd();
  for (let at = 0; at < items.length; at = ITEM.lastIndex) {
    ITEM.lastIndex = at;
    const found = ITEM.exec(items);
    if (found === null) throw new LineError(`expected label="value" at ${shown(items.slice(at))}`);
    labels.push(toLabel(found));
  }
  return labels;
}

function toLabel([item, quotedName, plainName, value]: RegExpExecArray): Label {
  if (value !== undefined) {
    return { name: plainName ?? unescapeText(quotedName ?? ''), value: unescapeText(value) };
  }
  if (quotedName !== undefined) return { name: '__name__', value: unescapeText(quotedName) };
  throw new LineError(`label ${shown(item.trim())} has no value in quotes`);
}

/** `\\`, `\"` and `\n`; any other backslash is one, as Prometheus reads it. */
export function unescapeText(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
