// Who sends: known by what a request shows, counted and limited by it.

import type { Labels } from '../storage/index.ts';

/** Infinity where there is no limit. */
export interface SenderLimits {
  readonly pointsPerSecond: number;
  readonly series: number;
  readonly seriesPerMetric: number;
}

export interface Sender {
  /** Of its token; empty when nobody needs one. Bounded: it is a label of metrics. */
  readonly name: string;
  /** What all of its series carry, whatever it sends, and no others do; may be empty. */
  readonly labels: Labels;
  /** As of now: a reload changes them. */
  limits(): SenderLimits;
}

/** By the value of the header `authorization`, which was found good before. */
export type FindSender = (authorization: string | undefined) => Sender;

export const NO_LIMITS: SenderLimits = {
  pointsPerSecond: Number.POSITIVE_INFINITY,
  series: Number.POSITIVE_INFINITY,
  seriesPerMetric: Number.POSITIVE_INFINITY,
};

export const ANYBODY: Sender = { name: '', labels: [], limits: () => NO_LIMITS };

/** A limit of one sender, as messages call it. */
export function limitKey(sender: Sender, key: string): string {
  return `limits.${key} of the token ${sender.name}`;
}
