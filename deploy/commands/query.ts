// varve query: asks a running server, and shows a table, a plot or the raw answer.

import { parseDuration } from '../config/units.ts';
import { apiUrl, noAnswer, parseJson } from '../remote.ts';
import { renderCsv } from '../terminal/csv.ts';
import { type PlotLine, renderPlot } from '../terminal/plot.ts';
import { renderTable } from '../terminal/table.ts';
import { UserError } from '../user-error.ts';
import { timeOption } from './time.ts';
import type { World } from './world.ts';

export interface QueryOptions {
  readonly http: string;
  readonly start?: string;
  readonly end?: string;
  readonly step?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** A range is split into this many steps when none is given. */
const STEPS_DEFAULT = 240;
const PLOT_WIDTH_DEFAULT = 100;
const PLOT_HEIGHT = 18;
const ANSWER_TIMEOUT_MS = 120_000;

type Metric = Readonly<Record<string, string>>;
type Sample = readonly [seconds: number, value: string];

/** Prometheus's answer; `values` in a matrix, `value` in a vector. */
interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly data?: {
    readonly resultType: string;
    readonly result: Sample | readonly { metric: Metric; value?: Sample; values?: Sample[] }[];
  };
}

interface Range {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export async function query(
  expression: string,
  options: QueryOptions,
  { engine, stdout, stderr, colour }: World,
): Promise<void> {
  const range = rangeOf(options, engine.createEnv().clock.nowMs());
  const { text, answer } = await ask(options.http, expression, range);
  if (options.json) {
    stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    return;
  }
  for (const warning of answer.warnings ?? []) stderr.write(`varve: ${warning}\n`);
  const result = answer.data?.result ?? [];
  if (result.length === 0) stderr.write('varve: the answer is empty\n');
  else if (options.csv) stdout.write(csvOf(result));
  else if (range === undefined) stdout.write(tableOf(result));
  else {
    const size = { width: stdout.columns ?? PLOT_WIDTH_DEFAULT, height: PLOT_HEIGHT };
    stdout.write(renderPlot(linesOf(result), { ...range, ...size, colour }));
  }
}

/** undefined: an instant query. */
function rangeOf({ start, end, step }: QueryOptions, nowMs: number): Range | undefined {
  if (start === undefined && end === undefined && step === undefined) return undefined;
  if (start === undefined) throw new UserError('a range needs --start, for example --start -1h', 2);
  const startMs = timeOption('--start', start, nowMs);
  const endMs = end === undefined ? nowMs : timeOption('--end', end, nowMs);
  if (endMs <= startMs) throw new UserError('--end must be later than --start', 2);
  const widthMs = endMs - startMs;
  const stepMs =
    step === undefined ? Math.max(1000, Math.ceil(widthMs / STEPS_DEFAULT)) : parseDuration(step);
  if (stepMs === undefined || !(stepMs > 0 && Number.isFinite(stepMs))) {
    throw new UserError(`--step ${step} is not a duration: say for example 30s`, 2);
  }
  return { startMs, endMs, stepMs };
}

async function ask(
  server: string,
  expression: string,
  range: Range | undefined,
): Promise<{ text: string; answer: Answer }> {
  const path = range === undefined ? 'query' : 'query_range';
  const url = apiUrl(server, `/api/v1/${path}`);
  const parameters = new URLSearchParams({ query: expression });
  if (range !== undefined) {
    parameters.set('start', String(range.startMs / 1000));
    parameters.set('end', String(range.endMs / 1000));
    parameters.set('step', String(range.stepMs / 1000));
  }
  let text: string;
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    text = await (await fetch(url, { method: 'POST', body: parameters, signal })).text();
  } catch (error) {
    throw noAnswer(server, error);
  }
  const answer = parseAnswer(text);
  if (answer === undefined)
    throw new UserError(`${server} does not answer like varve: check --http`);
  if (answer.status !== 'success') throw new UserError(answer.error ?? 'the query failed');
  return { text, answer };
}

function parseAnswer(text: string): Answer | undefined {
  const answer = parseJson(text) as Answer | null | undefined;
  return typeof answer?.status === 'string' ? answer : undefined;
}

type Result = NonNullable<Answer['data']>['result'];

/** A scalar or a string is a sample on its own. */
function isSample(result: Result): result is Sample {
  return typeof result[0] === 'number';
}

interface Row {
  readonly metric: Metric;
  readonly time: string;
  readonly value: string;
}

function rowsOf(result: Result): Row[] {
  if (isSample(result)) return [row({}, result)];
  return result.flatMap(({ metric, value, values }) =>
    (values ?? (value === undefined ? [] : [value])).map((sample) => row(metric, sample)),
  );
}

function row(metric: Metric, [seconds, value]: Sample): Row {
  return { metric, time: new Date(seconds * 1000).toISOString(), value };
}

function tableOf(result: Result): string {
  const rows = rowsOf(result).map(({ metric, time, value }) => [time, value, seriesName(metric)]);
  return renderTable(['TIME', 'VALUE', 'SERIES'], rows);
}

/** A point a row; a column for each label that any series has. */
function csvOf(result: Result): string {
  const rows = rowsOf(result);
  const labels = [...new Set(rows.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const cells = rows.map(({ metric, time, value }) => [
    time,
    value,
    ...labels.map((label) => metric[label] ?? ''),
  ]);
  return renderCsv([['time', 'value', ...labels], ...cells]);
}

function linesOf(result: Result): PlotLine[] {
  if (isSample(result)) return [];
  return result.map(({ metric, values = [] }) => ({
    name: seriesName(metric),
    points: values.map(([seconds, value]) => [
      seconds * 1000,
      Number(value.replace('Inf', 'Infinity')),
    ]),
  }));
}

/** `name{label="value"}`, as PromQL writes it. */
function seriesName({ __name__: name = '', ...labels }: Metric): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return pairs.length > 0 || name === '' ? `${name}{${pairs.join(', ')}}` : name;
}
