// The labels of a field of a line: `measurement,tag=value` and the field's name become
// `{measurement}_{field}`, as VictoriaMetrics names it, and the tags.

import { isUtf8 } from 'node:buffer';
import type { Label } from '../../../storage/index.ts';
import type { Reason } from '../../reasons.ts';
import { BACKSLASH, COMMA, EQUALS } from './characters.ts';
import type { FieldPlace } from './line.ts';

export const DATABASE_LABEL = 'db';

/** `database` becomes a label, unless it is empty or a tag has its name. The line is sound. */
export function fieldLabels(bytes: Buffer, place: FieldPlace, database: string): Label[] | Reason {
  const { headStart, headEnd, keyStart, keyEnd } = place;
  if (!isUtf8(bytes.subarray(headStart, keyEnd))) return 'invalid_text';
  const measurementEnd = findUnescaped(bytes, headStart, headEnd, COMMA);
  const measurement = unescaped(bytes, headStart, measurementEnd, false);
  const field = unescaped(bytes, keyStart, keyEnd, true);
  const labels = [{ name: '__name__', value: `${measurement}_${field}` }];
  for (let at = measurementEnd + 1; at < headEnd; ) {
    const end = findUnescaped(bytes, at, headEnd, COMMA);
    const equals = findUnescaped(bytes, at, end, EQUALS);
    const name = unescaped(bytes, at, equals, true);
    labels.push({ name, value: unescaped(bytes, equals + 1, end, true) });
    at = end + 1;
  }
  const isTagged = database === '' || labels.some(({ name }) => name === DATABASE_LABEL);
  if (!isTagged) labels.push({ name: DATABASE_LABEL, value: database });
  return labels;
}

/** Where `wanted` first stands without a backslash ahead of it, or `end`. */
export function findUnescaped(bytes: Buffer, start: number, end: number, wanted: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === wanted && (at === start || bytes[at - 1] !== BACKSLASH)) return at;
  }
  return end;
}

/** A backslash stands for itself unless something follows that has to be escaped. */
function unescaped(bytes: Buffer, start: number, end: number, equalsToo: boolean): string {
  const text = bytes.toString('utf8', start, end);
  if (!text.includes('\\')) return text;
  return text.replace(equalsToo ? /\\([ ,=])/g : /\\([ ,])/g, '$1');
}
