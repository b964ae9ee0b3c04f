// How many series there may be: of one metric, of one sender, of one metric of one sender. Asked of
// series that are new, never of points: what is counted is read from the index when it is first
// asked for, and again when the limit is met, as series are also forgotten.

import type { Label, Labels, Matcher, Storage } from '../storage/index.ts';
import type { IngestLimits } from './limits.ts';
import type { Reason } from './reasons.ts';
import type { RefusalLog } from './refusal-log.ts';
import { limitKey, type Sender } from './sender.ts';
import type { SeriesGuard, SeriesRefused } from './series-guard.ts';

const METRIC_NAME = '__name__';
/** A refusal may be so much behind series that were forgotten, ms. */
const FRESH_MS = 60_000;
/** Series that tell which label has the most values. */
const SAMPLE_SERIES = 1000;
/** Populations that can be read again are let go of beyond this. */
const POPULATIONS_MAX = 100_000;
const NAME_SHOWN_CHARS_MAX = 100;

/** Series that count together. */
interface Population {
  readonly matchers: readonly Matcher[];
  readonly isOfMetric: boolean;
  /**
   * A sender without labels has the series that it began since the start: no index knows them.
   * Stored as a number it would outlive the series that are forgotten, and shut the sender out for
   * good; an owner of each series would cost every series memory and disk for a limit of few.
   */
  readonly isSinceStart: boolean;
  /** Undefined until it is read. */
  count: number | undefined;
  /** As of the last reading: the label with the most values. */
  label: string | undefined;
  readAtMs: number;
  reading: Promise<void> | undefined;
}

interface Quota {
  readonly reason: Reason;
  readonly most: number;
  /** As the config calls it. */
  readonly key: string;
  /** Whose series count; undefined for everybody's. */
  readonly sender: Sender | undefined;
  readonly isOfMetric: boolean;
}

export interface SeriesQuotas {
  /** For the new series of one request; none when nothing limits them. */
  guards(limits: IngestLimits, sender: Sender): readonly SeriesGuard[];
}

export function createSeriesQuotas(
  storage: Pick<Storage, 'census'>,
  monotonicMs: () => number,
  log: RefusalLog,
): SeriesQuotas {
  const populations = new Map<string, Population>();

  function populationOf({ sender, isOfMetric }: Quota, labels: Labels): Population {
    const metric = isOfMetric ? metricOf(labels) : undefined;
    const key = JSON.stringify([sender?.name, sender?.labels, metric]);
    const known = populations.get(key);
    if (known !== undefined) return known;
    if (populations.size >= POPULATIONS_MAX) forgetReadable();
    const isSinceStart = sender !== undefined && sender.labels.length === 0;
    const made: Population = {
      matchers: matchersOf(sender?.labels ?? [], metric),
      isOfMetric,
      isSinceStart,
      count: isSinceStart ? 0 : undefined,
      label: undefined,
      readAtMs: Number.NEGATIVE_INFINITY,
      reading: undefined,
    };
    populations.set(key, made);
    return made;
  }

  function forgetReadable(): void {
    for (const [key, one] of populations) if (!one.isSinceStart) populations.delete(key);
  }

  function isFresh({ readAtMs }: Population): boolean {
    return monotonicMs() - readAtMs < FRESH_MS;
  }

  /**
   * Nothing is admitted to a population meanwhile, so what is counted is what there is. `refused`
   * is a series that would be one more.
   */
  async function read(population: Population, refused: Labels): Promise<void> {
    const { matchers, isOfMetric, isSinceStart } = population;
    if (isOfMetric || !isSinceStart) {
      const { count, sample } = await storage.census(matchers, isOfMetric ? SAMPLE_SERIES : 0);
      if (!isSinceStart) population.count = count;
      population.label = isOfMetric ? busiestLabel([...sample, refused]) : undefined;
    }
    population.readAtMs = monotonicMs();
  }

  function refusal(quota: Quota, { label }: Population, labels: Labels): SeriesRefused {
    const { reason, most, key, sender } = quota;
    const metric = shown(metricOf(labels));
    log.series({ metric, label, limit: key, token: sender?.name ?? '' });
    const limit = `past the limit of ${most} (${key})`;
    if (!quota.isOfMetric)
      return { reason, detail: `new series ${limit}, of metrics like ${metric}` };
    const values = label === undefined ? '' : `; its label ${shown(label)} has the most values`;
    return { reason, detail: `new series of the metric ${metric} ${limit}${values}` };
  }

  function guardOf(quotas: readonly Quota[]): SeriesGuard {
    /** Each with a series that would be one more. */
    const unread = new Map<Population, Labels>();
    return {
      refusalOf(labels) {
        for (const quota of quotas) {
          const population = populationOf(quota, labels);
          if (population.count !== undefined && population.count < quota.most) continue;
          if (isFresh(population)) return refusal(quota, population, labels);
          unread.set(population, labels);
          return 'unread';
        }
        return undefined;
      },
      admitted(labels) {
        for (const quota of quotas) {
          const population = populationOf(quota, labels);
          if (population.count !== undefined) population.count++;
          // What was read of it is old: which label has the most values is asked when it is full.
          population.readAtMs = Number.NEGATIVE_INFINITY;
        }
      },
      async read() {
        for (const [population, labels] of unread) {
          // Requests that came together ask once.
          population.reading ??= read(population, labels).finally(() => {
            population.reading = undefined;
          });
          await population.reading;
        }
        unread.clear();
      },
    };
  }

  return {
    guards(limits, sender) {
      const quotas = quotasFor(limits, sender);
      return quotas.length === 0 ? [] : [guardOf(quotas)];
    },
  };
}

function quotasFor(limits: IngestLimits, sender: Sender): Quota[] {
  const own = sender.limits();
  const quotas: Quota[] = [
    {
      reason: 'series_per_metric_limit',
      most: limits.seriesPerMetric,
      key: 'ingest.limits.series_per_metric',
      sender: undefined,
      isOfMetric: true,
    },
    {
      reason: 'token_series_limit',
      most: own.series,
      key: limitKey(sender, 'series'),
      sender,
      isOfMetric: false,
    },
    {
      reason: 'token_series_per_metric_limit',
      most: own.seriesPerMetric,
      key: limitKey(sender, 'series_per_metric'),
      sender,
      isOfMetric: true,
    },
  ];
  return quotas.filter(({ most }) => most !== Number.POSITIVE_INFINITY);
}

function metricOf(labels: Labels): string {
  return labels.find(({ name }) => name === METRIC_NAME)?.value ?? '';
}

function matchersOf(labels: Labels, metric: string | undefined): Matcher[] {
  const all: Label[] = [...labels];
  if (metric !== undefined) all.push({ name: METRIC_NAME, value: metric });
  return all.map(({ name, value }) => ({ name, type: '=', value }));
}

/** Of a few series; undefined when no label has two values. */
function busiestLabel(sample: readonly Labels[]): string | undefined {
  const valuesOf = new Map<string, Set<string>>();
  for (const { name, value } of sample.flat()) {
    if (name === METRIC_NAME) continue;
    const values = valuesOf.get(name) ?? new Set();
    valuesOf.set(name, values.add(value));
  }
  let busiest: string | undefined;
  let most = 1;
  for (const [name, { size }] of valuesOf) {
    if (size > most) [busiest, most] = [name, size];
  }
  return busiest;
}

/** Fit for a message, whatever a client put in it. */
function shown(name: string): string {
  const isLong = name.length > NAME_SHOWN_CHARS_MAX;
  return JSON.stringify(isLong ? `${name.slice(0, NAME_SHOWN_CHARS_MAX)}...` : name);
}
