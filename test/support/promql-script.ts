// Scripts in the language of Prometheus's promqltest: `load` fills a storage, `eval` states a query
// and its result, `clear` empties the storage. run-promql-script.ts runs what this file reads.

import { durationMs, numberValue, unquote } from '../../query/promql/literals.ts';
import type { Label, Labels } from '../../storage/index.ts';

/** A place in a list of values: a number, nothing, a stale marker, or a native histogram. */
export type Item = number | '_' | 'stale' | 'histogram';

export interface SeriesLine {
  readonly labels: Labels;
  readonly items: readonly Item[];
}

export interface Expectation {
  readonly type: 'fail' | 'warn' | 'info';
  readonly matches: (message: string) => boolean;
  readonly text: string;
}

export interface Eval {
  readonly kind: 'eval';
  readonly line: number;
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  readonly ordered: boolean;
  readonly fails: boolean;
  readonly warns: boolean | undefined;
  readonly informs: boolean | undefined;
  readonly expectations: readonly Expectation[];
  readonly rangeVector: { readonly startMs: number; readonly stepMs: number } | undefined;
  readonly string: string | undefined;
  readonly scalar: number | undefined;
  readonly series: readonly SeriesLine[];
  /** Whether the expected result has native histograms. */
  readonly native: boolean;
}

export type Command =
  | {
      readonly kind: 'load';
      readonly stepMs: number;
      readonly series: readonly SeriesLine[];
      /** Names of the native histograms that Prometheus would make from these buckets. */
      readonly native: readonly string[];
    }
  | { readonly kind: 'clear' }
  | Eval;

export function readScript(text: string): Command[] {
  const lines = text.split('\n').map((line) => line.trim().replace(/^#.*$/, ''));
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; ) {
    const head = lines[at]!;
    const line = ++at;
    if (head === '') continue;
    const body: string[] = [];
    if (head !== 'clear') while (at < lines.length && lines[at] !== '') body.push(lines[at++]!);
    commands.push(readCommand(head, body, line));
  }
  return commands;
}

function readCommand(head: string, body: readonly string[], line: number): Command {
  if (head === 'clear') return { kind: 'clear' };
  const load = /^load(_with_nhcb)?\s+(\S+)$/.exec(head);
  if (load !== null) {
    const series = body.map(readSeriesLine);
    const native = load[1] === undefined ? [] : series.map(({ labels }) => baseName(labels));
    return { kind: 'load', stepMs: timeMs(load[2]!), series, native };
  }
  const instant = /^eval(?:_(\w+))?\s+instant\s+(?:at\s+(\S+)\s+)?(.+)$/.exec(head);
  if (instant !== null) {
    const [, variant, time, query] = instant;
    const startMs = timeMs(time ?? '0');
    return readEval({ line, query: query!, startMs, endMs: startMs, stepMs: 0 }, variant, body);
  }
  const range = /^eval(?:_(\w+))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/.exec(
    head,
  );
  if (range === null) throw new Error(`line ${line}: unknown command: ${head}`);
  const [, variant, start, end, step, query] = range;
  const times = { startMs: timeMs(start!), endMs: timeMs(end!), stepMs: timeMs(step!) };
  return readEval({ line, query: query!, ...times }, variant, body);
}

function baseName(labels: Labels): string {
  const name = labels.find((label) => label.name === '__name__')?.value ?? '';
  return name.replace(/_(?:bucket|count|sum)$/, '');
}

function readEval(
  base: Pick<Eval, 'line' | 'query' | 'startMs' | 'endMs' | 'stepMs'>,
  variant: string | undefined,
  body: readonly string[],
): Eval {
  const expectations: Expectation[] = [];
  const series: SeriesLine[] = [];
  let ordered = variant === 'ordered';
  let fails = variant === 'fail';
  let warns = variant === 'warn' ? true : undefined;
  let informs = variant === 'info' ? true : undefined;
  let rangeVector: Eval['rangeVector'];
  let string: string | undefined;
  let scalar: number | undefined;
  for (const text of body) {
    const old = /^expected_fail_(message|regexp)\s+(.+)$/.exec(text);
    const expect = /^expect\s+(\w+)\s*(.*)$/.exec(text);
    if (old !== null) {
      expectations.push(readExpectation('fail', old[1] === 'message' ? 'msg' : 'regex', old[2]!));
    } else if (expect !== null) {
      const [, word, rest] = expect as unknown as [string, string, string];
      if (word === 'ordered') ordered = true;
      if (word === 'fail') fails = true;
      if (word === 'warn') warns = true;
      if (word === 'info') informs = true;
      if (word === 'no_warn') warns = false;
      if (word === 'no_info') informs = false;
      if (word === 'string') string = unquote(rest);
      const times = /^vector from (\S+) to \S+ step (\S+)$/.exec(rest);
      if (times !== null) rangeVector = { startMs: timeMs(times[1]!), stepMs: timeMs(times[2]!) };
      const message = /^(msg|regex):\s*(.*)$/.exec(rest);
      if (message !== null) {
        expectations.push(readExpectation(word as 'fail', message[1]!, message[2]!));
      }
    } else if (/^[+-]?(?:\.?\d|inf|nan)\S*$/i.test(text)) {
      scalar = number(text);
    } else {
      series.push(readSeriesLine(text));
    }
  }
  const native = body.some((text) => text.includes('{{'));
  const flags = { ordered, fails, warns, informs, native };
  return { kind: 'eval', ...base, ...flags, expectations, rangeVector, string, scalar, series };
}

function readExpectation(type: Expectation['type'], how: string, quoted: string): Expectation {
  const text = unquote(quoted) ?? quoted;
  const matches =
    how === 'msg'
      ? (message: string) => message === text
      : (message: string) => new RegExp(text).test(message);
  return { type, matches, text };
}

const QUOTED = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/.source;
const NAME = /[a-zA-Z_:][\w:.]*/.source;
/** A name, labels in braces, and whatever comes after them. */
const SERIES = new RegExp(`^(${NAME})?\\s*(\\{(?:${QUOTED}|[^}"'\`{])*\\})?\\s*(.*)$`, 's');
/** `label="value"`, or the metric's name alone. */
const PAIR = new RegExp(`\\s*(${QUOTED}|${NAME})\\s*(?:=\\s*(${QUOTED}))?\\s*,?`, 'y');

/** `name{label="value"} 1 2+3x4 _ stale`. */
export function readSeriesLine(text: string): SeriesLine {
  const found = SERIES.exec(text)!;
  const [, name, braces = '{}', values] = found;
  const labels = new Map<string, string>();
  if (name !== undefined) labels.set('__name__', name);
  PAIR.lastIndex = 1;
  for (let pair = PAIR.exec(braces); pair !== null; pair = PAIR.exec(braces)) {
    const [, key, value] = pair;
    const label = unquote(key!) ?? key!;
    if (value === undefined) labels.set('__name__', label);
    else labels.set(label, unquote(value)!);
  }
  const sorted: Label[] = [...labels]
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ name: label, value }));
  return { labels: sorted, items: readItems(values!) };
}

function readItems(text: string): Item[] {
  // A native histogram is one item however many words it has, and however often it is repeated.
  const words = text.replace(/\{\{[^}]*\}\}(?:[+-]\{\{[^}]*\}\})?(?:x\d+)?/g, 'histogram');
  return words
    .split(/\s+/)
    .filter((word) => word !== '')
    .flatMap(expandItem);
}

function expandItem(word: string): Item[] {
  if (word === '_' || word === 'stale' || word === 'histogram') return [word];
  const blanks = /^(_|stale)x(\d+)$/.exec(word);
  if (blanks !== null) return new Array<Item>(Number(blanks[2])).fill(blanks[1] as '_');
  const repeated = /^(.+?)(?:(?<![eE])([+-][^x]+))?x(\d+)$/.exec(word);
  if (repeated === null) return [number(word)];
  const [, first, increment, times] = repeated;
  // Prometheus adds the increment up; doing the same keeps rounding the same.
  const items: number[] = [number(first!)];
  const by = increment === undefined ? 0 : number(increment);
  for (let i = 0; i < Number(times); i++) items.push(items.at(-1)! + by);
  return items;
}

function number(text: string): number {
  const value = numberValue(text.replace(/^[+-]/, ''));
  if (value === undefined) throw new Error(`not a number: ${text}`);
  return text[0] === '-' ? -value : value;
}

/** `50m`, or a number of seconds. */
function timeMs(text: string): number {
  const sign = text[0] === '-' ? -1 : 1;
  const rest = text.replace(/^[+-]/, '');
  return sign * (durationMs(rest) ?? Number(rest) * 1000);
}
