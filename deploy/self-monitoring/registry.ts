// The server's own registry as samples, named as a Prometheus scrape of /metrics would name them.

import type { MetricObjectWithValues, MetricValue, MetricValueWithName } from 'prom-client';
import { type Sample, sample } from './sample.ts';

type Metrics = readonly MetricObjectWithValues<MetricValue<string>>[];

/** `metrics` is what `Registry.getMetricsAsJSON()` resolves to. */
export function registrySamples(metrics: Metrics): Sample[] {
  return metrics.flatMap(({ name, values }) =>
    values.map((one) => {
      const labels = Object.entries(one.labels).map(([key, value]) => [key, String(value)]);
      // Buckets, sums and counts of a histogram have names of their own.
      const { metricName = name } = one as Partial<MetricValueWithName<string>>;
      return sample(metricName, one.value, Object.fromEntries(labels));
    }),
  );
}
