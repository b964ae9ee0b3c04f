// Runs scripts read by promql-script.ts against the query engine.

import { formatLabels } from '../../query/eval/format-labels.ts';
import { labelsKey, labelValue, type Points } from '../../query/eval/value.ts';
import { createQueryEngine, type QueryResult } from '../../query/index.ts';
import { DEFAULT_LIMITS } from '../../query/limits.ts';
import { compareLabels, type Labels, type Storage } from '../../storage/index.ts';
import { createNaiveStorage } from './naive-storage.ts';
import { type Command, type Eval, type Item, readScript } from './promql-script.ts';

export interface Outcome {
  /** `line: query`. */
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** What was expected against what came. */
  readonly message: string;
}

/**
 * Outcomes of every eval of a script. One that fails counts as skipped when native histograms are
 * expected, or are part of what it selects: they are not stored here.
 */
export async function runScript(text: string): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  let storage: Storage = createNaiveStorage();
  let nativeNames = new Set<string>();
  for (const command of readScript(text)) {
    if (command.kind === 'clear') {
      storage = createNaiveStorage();
      nativeNames = new Set();
    } else if (command.kind === 'load') {
      await load(storage, command);
      for (const native of command.native) nativeNames.add(native);
      for (const { labels, items } of command.series) {
        if (items.includes('histogram')) nativeNames.add(labelValue(labels, '__name__'));
      }
    } else {
      outcomes.push(await runEval(storage, command, nativeNames));
    }
  }
  return outcomes;
}

async function load(storage: Storage, command: Extract<Command, { kind: 'load' }>): Promise<void> {
  const ids = await storage.resolve(command.series.map(({ labels }) => labels));
  for (const [at, { items }] of command.series.entries()) {
    const points = toPoints([], items, 0, command.stepMs);
    const { timestampsMs, values } = points;
    const id = ids[at]!;
    await storage.append({ ids: new Uint32Array(values.length).fill(id), timestampsMs, values });
  }
}

const STALE_BITS = 0x7ff0000000000002n;

function toPoints(labels: Labels, items: readonly Item[], startMs: number, stepMs: number): Points {
  const points = items.flatMap((item, i) =>
    item === '_' || item === 'histogram' ? [] : [{ item, timestampMs: startMs + i * stepMs }],
  );
  const values = new Float64Array(points.map(({ item }) => (item === 'stale' ? 0 : item)));
  const bits = new BigUint64Array(values.buffer);
  points.forEach(({ item }, i) => {
    if (item === 'stale') bits[i] = STALE_BITS;
  });
  const timestampsMs = Float64Array.from(points, ({ timestampMs }) => timestampMs);
  return { labels, timestampsMs, values, dropName: false };
}

async function runEval(
  storage: Storage,
  command: Eval,
  nativeNames: ReadonlySet<string>,
): Promise<Outcome> {
  const name = `${command.line}: ${command.query}`;
  const message = await mismatch(storage, command);
  if (message === undefined) return { name, status: 'passed', message: '' };
  const words = new Set(command.query.match(/[\w:]+/g));
  // A selector without a name in front of it may select them as well.
  const nameless = nativeNames.size > 0 && /(?:^|[\s(])\{/.test(command.query);
  const selected = nameless || [...nativeNames].some((metric) => words.has(metric));
  const native = command.native || selected;
  return { name, status: native ? 'skipped' : 'failed', message };
}

/** undefined when the result is what the script expects. */
async function mismatch(storage: Storage, command: Eval): Promise<string | undefined> {
  const engine = createQueryEngine(storage, DEFAULT_LIMITS);
  const { query, startMs } = command;
  let result: QueryResult;
  try {
    result =
      command.stepMs === 0
        ? await engine.instant(query, startMs)
        : await engine.range(query, command);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!command.fails) return `failed: ${error instanceof Error ? error.stack : reason}`;
    const wanted = command.expectations.find(
      ({ type, matches }) => type === 'fail' && !matches(reason),
    );
    return wanted === undefined
      ? undefined
      : `expected to fail with "${wanted.text}", got "${reason}"`;
  }
  if (command.fails) return 'expected to fail, and did not';
  return (
    remarkMismatch('warn', command.warns, result.warnings, command) ??
    remarkMismatch('info', command.informs, result.infos, command) ??
    valueMismatch(command, result)
  );
}

function remarkMismatch(
  type: 'warn' | 'info',
  expected: boolean | undefined,
  remarks: readonly string[],
  command: Eval,
): string | undefined {
  const said = remarks.join(' | ');
  if (expected === false && remarks.length > 0) return `expected no ${type}, got ${said}`;
  if (expected === true && remarks.length === 0) return `expected a ${type}, got none`;
  const wanted = command.expectations.filter((one) => one.type === type);
  const missing = wanted.find(({ matches }) => !remarks.some(matches));
  if (missing !== undefined) return `expected ${type} "${missing.text}", got ${said}`;
  const other = remarks.find((remark) => !wanted.some(({ matches }) => matches(remark)));
  return wanted.length > 0 && other !== undefined ? `unexpected ${type}: ${other}` : undefined;
}

function valueMismatch(command: Eval, result: QueryResult): string | undefined {
  const { value } = result;
  if (value.kind === 'string') {
    return value.value === command.string ? undefined : `got the string "${value.value}"`;
  }
  if (value.kind === 'scalar' && command.stepMs === 0 && command.scalar !== undefined) {
    const got = value.values[0]!;
    return almostEqual(got, command.scalar) ? undefined : `expected ${command.scalar}, got ${got}`;
  }
  const got = resultPoints(result);
  const startMs = command.rangeVector?.startMs ?? command.startMs;
  const stepMs = command.rangeVector?.stepMs ?? (command.stepMs || 1);
  const expected = command.series.map(({ labels, items }) =>
    toPoints(labels, items, startMs, stepMs),
  );
  const order = (a: Points, b: Points): number => compareLabels(a.labels, b.labels);
  // A series that is expected to have no point at all need not be there.
  const wanted = expected.filter(({ values }) => values.length > 0);
  if (!command.ordered) {
    wanted.sort(order);
    got.sort(order);
  }
  const same = got.length === wanted.length && got.every((one, i) => samePoints(one, wanted[i]!));
  return same ? undefined : `expected ${show(wanted)}\n     got ${show(got)}`;
}

function resultPoints({ value, grid }: QueryResult): Points[] {
  if (value.kind === 'matrix') return [...value.series];
  if (value.kind === 'string') return [];
  const present = new Uint8Array(grid.steps).fill(1);
  const series =
    value.kind === 'scalar' ? [{ labels: [], values: value.values, present }] : value.series;
  return series.map((one) => {
    const items = Array.from(one.values, (v, i): Item => (one.present[i] === 1 ? v : '_'));
    return toPoints(one.labels, items, grid.startMs, grid.stepMs);
  });
}

function samePoints(a: Points, b: Points): boolean {
  return (
    labelsKey(a.labels) === labelsKey(b.labels) &&
    a.values.length === b.values.length &&
    a.values.every((value, i) => almostEqual(value, b.values[i]!)) &&
    a.timestampsMs.every((timestampMs, i) => timestampMs === b.timestampsMs[i])
  );
}

const TOLERANCE = 1e-6;

function almostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const size = Math.abs(a) + Math.abs(b);
  return Number.isFinite(size) && Math.abs(a - b) / size < TOLERANCE;
}

function show(series: readonly Points[]): string {
  return `[${series
    .map(({ labels, timestampsMs, values }) => {
      const points = Array.from(values, (value, i) => `${value}@${timestampsMs[i]! / 1000}`);
      return `${formatLabels(labels)} ${points.slice(0, 12).join(' ')}`;
    })
    .join('; ')}]`;
}
