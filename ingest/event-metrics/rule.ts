// A rule of `ingest.event_metrics`: which events count, towards which counters, and how much.

import { RE2JS } from 're2js';
import {
  compileMatcher,
  type EventFilter,
  type Label,
  type Labels,
  type Matcher,
} from '../../storage/index.ts';

/** What an event adds, from its body: finite and not negative; undefined for nothing. */
export type EventAmount = (body: Uint8Array) => number | undefined;

export interface EventMetricRule {
  /** Of the metric; of all rules in force one has it. */
  readonly name: string;
  /** What the labels of an event's stream satisfy. */
  readonly matchers: readonly Matcher[];
  /** Undefined: every body. */
  readonly filter: EventFilter | undefined;
  /** Labels of the stream, or attributes of the event, that the counter keeps. */
  readonly by: readonly string[];
  /** Undefined: each event adds 1. */
  readonly amount: EventAmount | undefined;
}

/**
 * Reads the number that the one named group of `pattern`, in RE2 syntax, finds in a body. Throws an
 * Error for people when there is no such group, or another one beside it.
 */
export function parseEventAmount(pattern: string): EventAmount {
  const regex = RE2JS.compile(pattern);
  const names = Object.keys(regex.namedGroups());
  if (names.length !== 1) throw new Error('name one group, and no other');
  const [name] = names;
  return (body) => {
    const { buffer, byteOffset, length } = body;
    const matcher = regex.matcher(Buffer.from(buffer, byteOffset, length).toString());
    const text = matcher.find() ? matcher.group(name)?.trim() : undefined;
    const amount = text ? Number(text) : Number.NaN;
    return amount >= 0 && amount < Number.POSITIVE_INFINITY ? amount : undefined;
  };
}

/** Whether the labels of a stream satisfy all matchers. */
export function createStreamTest(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const compiled = matchers.map(compileMatcher);
  return (labels) => compiled.every(({ name, matches }) => matches(labelValue(labels, name)));
}

/** The value of a label; empty when there is none. */
export function labelValue(labels: readonly Label[], name: string): string {
  return labels.find((label) => label.name === name)?.value ?? '';
}
