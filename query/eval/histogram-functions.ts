// histogram_quantile, histogram_quantiles and histogram_fraction over classic buckets.

import type { Labels } from '../../storage/index.ts';
import { formatShort } from '../float.ts';
import type { Span } from '../promql/ast.ts';
import { quote } from '../promql/literals.ts';
import { warnAboutQuantiles } from './aggregate.ts';
import type { Annotations } from './annotations.ts';
import { mapInTurns } from './budget.ts';
import { type Bucket, bucketFraction, bucketQuantile, type Repair } from './classic-histogram.ts';
import type { EvalContext } from './context.ts';
import {
  emptySeries,
  labelsKey,
  labelValue,
  METRIC_NAME,
  mergeEqual,
  type Series,
  withLabel,
} from './value.ts';

/** One quantile to compute, per step, and the argument that says so. */
export interface QuantileArgument {
  readonly qs: Float64Array;
  readonly span: Span;
}

type Reporting = Pick<EvalContext, 'annotations' | 'budget'>;

/** The series of one histogram, by bucket. */
interface Histogram {
  readonly labels: Labels;
  readonly buckets: readonly { readonly upperBound: number; readonly series: Series }[];
}

export async function histogramQuantile(
  quantile: QuantileArgument,
  series: readonly Series[],
  span: Span,
  { annotations, budget }: Reporting,
): Promise<readonly Series[]> {
  warnAboutQuantiles(quantile.qs, quantile.span, annotations);
  const histograms = groupBuckets(series, quantile.qs.length, span, annotations);
  return mapInTurns(budget, histograms, (histogram) =>
    column(histogram, quantile.qs.length, (buckets, step) => {
      const { value, repair } = bucketQuantile(quantile.qs[step]!, buckets);
      if (repair.forced) tellOfRepair(histogram.labels, repair, span, annotations);
      return value;
    }),
  );
}

/** One series per quantile, which becomes the label `name`. */
export async function histogramQuantiles(
  quantiles: readonly QuantileArgument[],
  name: string,
  series: readonly Series[],
  span: Span,
  reporting: Reporting,
): Promise<readonly Series[]> {
  const results: Series[] = [];
  for (const quantile of quantiles) {
    const columns = await histogramQuantile(quantile, series, span, reporting);
    for (const q of new Set(quantile.qs)) {
      for (const one of columns) {
        const labels = withLabel(one.labels, name, formatOpenMetrics(q));
        const isAsked = (step: number): boolean => Object.is(quantile.qs[step], q);
        const present = one.present.map((there, step) => (isAsked(step) ? there : 0));
        results.push({ ...one, labels, present });
      }
    }
  }
  return mergeEqual(results, reporting.budget);
}

/** As OpenMetrics writes floats: always recognisable as one. */
function formatOpenMetrics(value: number): string {
  const text = formatShort(value);
  return /^[-\d]+$/.test(text) ? `${text}.0` : text;
}

export async function histogramFraction(
  lower: Float64Array,
  upper: Float64Array,
  series: readonly Series[],
  span: Span,
  { annotations, budget }: Reporting,
): Promise<readonly Series[]> {
  const histograms = groupBuckets(series, lower.length, span, annotations);
  return mapInTurns(budget, histograms, (histogram) =>
    column(histogram, lower.length, (buckets, step) =>
      bucketFraction(lower[step]!, upper[step]!, buckets),
    ),
  );
}

function groupBuckets(
  series: readonly Series[],
  steps: number,
  span: Span,
  annotations: Annotations,
): readonly Histogram[] {
  const histograms = new Map<
    string,
    { labels: Labels; buckets: { upperBound: number; series: Series }[] }
  >();
  for (const one of series) {
    if (steps === 0 || !one.present.includes(1)) continue;
    const le = labelValue(one.labels, 'le');
    const upperBound = parseBound(le);
    if (upperBound === undefined) {
      const bad = `bucket label "le" is missing or has a malformed value of ${quote(le)}`;
      annotations.warn(bad + forMetric(one.labels), span);
      continue;
    }
    const labels = withLabel(one.labels, 'le', '');
    const key = labelsKey(labels);
    const histogram = histograms.get(key) ?? { labels, buckets: [] };
    histograms.set(key, histogram);
    histogram.buckets.push({ upperBound, series: one });
  }
  return [...histograms.values()];
}

/** A bound as Go's ParseFloat reads it. */
function parseBound(text: string): number | undefined {
  const infinity = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function column(
  histogram: Histogram,
  steps: number,
  compute: (buckets: readonly Bucket[], step: number) => number,
): Series {
  const result = emptySeries(histogram.labels, steps, true);
  for (let step = 0; step < steps; step++) {
    const buckets = histogram.buckets
      .filter(({ series }) => series.present[step] === 1)
      .map(({ upperBound, series }) => ({ upperBound, count: series.values[step]! }));
    if (buckets.length === 0) continue;
    result.values[step] = compute(buckets, step);
    result.present[step] = 1;
  }
  return result;
}

function tellOfRepair(labels: Labels, repair: Repair, span: Span, annotations: Annotations): void {
  annotations.inform(
    'input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/' +
      `docs/prometheus/latest/querying/functions/#histogram_quantile)${forMetric(labels)}, from ` +
      `buckets ${formatShort(repair.lowestBound)} to ${formatShort(repair.highestBound)}, with a ` +
      `max diff of ${repair.largestDrop.toPrecision(2)}`,
    span,
  );
}

function forMetric(labels: Labels): string {
  const name = labelValue(labels, METRIC_NAME);
  return name === '' ? '' : ` for metric name ${quote(name)}`;
}
