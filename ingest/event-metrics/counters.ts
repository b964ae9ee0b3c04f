// The counters of all rules: one for each combination of a rule's labels that events had.

import type { Label, Labels } from '../../storage/index.ts';
import type { IngestLimits } from '../limits.ts';
import { createRejections, type Rejections } from '../reasons.ts';
import { checkLabels, checkSizes } from '../validate.ts';
import { createRecentEvents, eventKey } from './recent-events.ts';
import { createStreamTest, type EventMetricRule, labelValue } from './rule.ts';

export interface EventCounter {
  readonly labels: Labels;
  /** When it began, ms since the epoch: its series has `startValue` there. */
  readonly startMs: number;
  /** What its series had before. Undefined until that was looked for. */
  startValue: number | undefined;
  /** What events added to that. */
  added: number;
  /** Whether `startValue` is stored. */
  isStarted: boolean;
  /** Of the newest event, monotonic ms. */
  changedAtMs: number;
}

/** Counts the events of one batch. */
export interface EventTally {
  /** Takes an event that is on its way into storage. The body is not kept. */
  add(
    id: number,
    timestampMs: number,
    nanos: number,
    body: Uint8Array,
    attributes: readonly Label[],
  ): void;
  /** Counts what was taken, once it is durable. */
  commit(): void;
}

export interface EventCounters {
  /** Undefined while there are no rules. */
  open(limits: IngestLimits): EventTally | undefined;
  /** From the next batch on. Counters of a rule whose name and labels stay go on. */
  setRules(rules: readonly EventMetricRule[]): void;
  all(): EventCounter[];
  /** Lets go of counters without an event since `monotonicMs`. */
  forgetIdle(monotonicMs: number): void;
  /** What could not be counted since this was last asked. */
  takeRejections(): Rejections;
}

export interface EventCountersOptions {
  readonly rules: readonly EventMetricRule[];
  /** Labels of a series that was written to lately. */
  readonly labelsOf: (id: number) => Labels | undefined;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}

/** Over all rules: labels that change with every event must not fill the memory. */
export const EVENT_COUNTERS_MAX = 100_000;
/** Matching events that are known when they are sent again, at least. */
const RECENT_EVENTS = 131_072;
/** Streams whose rules are known. */
const STREAMS_MAX = 100_000;

interface RuleState {
  readonly rule: EventMetricRule;
  readonly takes: (stream: Labels) => boolean;
  /** By the JSON of their label values. */
  readonly counters: Map<string, EventCounter>;
}

/** A rule for a stream, with the values of those labels that are the stream's. */
interface StreamRule {
  readonly state: RuleState;
  readonly values: readonly string[];
}

interface Hit {
  readonly state: RuleState;
  readonly values: readonly string[];
  readonly amount: number;
}

export function createEventCounters(options: EventCountersOptions): EventCounters {
  const { labelsOf, nowMs, monotonicMs } = options;
  const recent = createRecentEvents(RECENT_EVENTS);
  const rulesByStream = new Map<number, readonly StreamRule[]>();
  let states: readonly RuleState[] = [];
  let rejections = createRejections();

  function setRules(rules: readonly EventMetricRule[]): void {
    const before = new Map(states.map((state) => [identityOf(state.rule), state.counters]));
    states = rules.map((rule) => ({
      rule,
      takes: createStreamTest(rule.matchers),
      counters: before.get(identityOf(rule)) ?? new Map<string, EventCounter>(),
    }));
    rulesByStream.clear();
  }

  function rulesOf(id: number): readonly StreamRule[] {
    const known = rulesByStream.get(id);
    if (known !== undefined) return known;
    const labels = labelsOf(id);
    // Forgotten meanwhile: storage refuses its events.
    if (labels === undefined) return [];
    const found = states
      .filter(({ takes }) => takes(labels))
      .map((state) => ({ state, values: state.rule.by.map((name) => labelValue(labels, name)) }));
    if (rulesByStream.size === STREAMS_MAX) rulesByStream.clear();
    rulesByStream.set(id, found);
    return found;
  }

  function count(): number {
    return states.reduce((sum, { counters }) => sum + counters.size, 0);
  }

  function counterOf({ state, values }: Hit, limits: IngestLimits): EventCounter | undefined {
    const key = JSON.stringify(values);
    const known = state.counters.get(key);
    if (known !== undefined) return known;
    const { name, by } = state.rule;
    const kept = by.map((label, i) => ({ name: label, value: values[i]! }));
    const all = [{ name: '__name__', value: name }, ...kept];
    const labels = checkSizes(all, limits) ?? checkLabels(all);
    const reason = typeof labels === 'string' ? labels : undefined;
    if (typeof labels === 'string' || count() >= EVENT_COUNTERS_MAX) {
      rejections.add(reason ?? 'event_counters_limit');
      return undefined;
    }
    const counter: EventCounter = {
      ...{ labels, startMs: nowMs(), startValue: undefined, added: 0 },
      ...{ isStarted: false, changedAtMs: monotonicMs() },
    };
    state.counters.set(key, counter);
    return counter;
  }

  function openTally(limits: IngestLimits): EventTally {
    const events: { readonly key: number; readonly hits: readonly Hit[] }[] = [];
    return {
      add(id, timestampMs, nanos, body, attributes) {
        const hits = rulesOf(id).flatMap(({ state, values }) => hitOf(state, values));
        if (hits.length > 0) events.push({ key: eventKey(id, timestampMs, nanos, body), hits });

        function hitOf(state: RuleState, ofStream: readonly string[]): Hit[] {
          const { filter, amount: read, by } = state.rule;
          if (filter !== undefined && !filter.accepts(body)) return [];
          const amount = read === undefined ? 1 : read(body);
          if (amount === undefined) return [];
          const values = by.map((name, i) => ofStream[i] || labelValue(attributes, name));
          return [{ state, values, amount }];
        }
      },
      commit() {
        for (const { key, hits } of events) {
          if (!recent.admit(key)) continue;
          for (const hit of hits) {
            const counter = counterOf(hit, limits);
            if (counter === undefined) continue;
            counter.added += hit.amount;
            counter.changedAtMs = monotonicMs();
          }
        }
      },
    };
  }

  setRules(options.rules);
  return {
    open: (limits) => (states.length === 0 ? undefined : openTally(limits)),
    setRules,
    all: () => states.flatMap(({ counters }) => [...counters.values()]),
    forgetIdle(untilMs) {
      for (const { counters } of states) {
        for (const [key, { changedAtMs }] of counters) {
          if (changedAtMs < untilMs) counters.delete(key);
        }
      }
    },
    takeRejections() {
      const taken = rejections;
      rejections = createRejections();
      return taken;
    },
  };
}

/** What a rule's series are told by. */
function identityOf({ name, by }: EventMetricRule): string {
  return JSON.stringify([name, ...by]);
}
