// Who sends, to the rooms that take points in: a token with its limits.

import { ANYBODY, type FindSender, type Sender, type SenderLimits } from '../../ingest/index.ts';
import { labelsOf, type Token, type Tokens } from './tokens.ts';

/** `tokens` is asked for each request, and for the limits of those that are under way. */
export function createFindSender(tokens: () => Tokens): FindSender {
  const senders = new WeakMap<Token, Sender>();

  return (authorization) => {
    const token = tokens().find(authorization);
    if (token === undefined) return ANYBODY;
    const known = senders.get(token);
    if (known !== undefined) return known;
    // One that a reload took away keeps what it had to the end of its requests.
    const limits = () => limitsOf(tokens().named(token.name) ?? token);
    const sender = { name: token.name, labels: labelsOf(token), limits };
    senders.set(token, sender);
    return sender;
  };
}

function limitsOf({ limits }: Token): SenderLimits {
  return {
    pointsPerSecond: limits.points_per_second ?? Number.POSITIVE_INFINITY,
    series: limits.series ?? Number.POSITIVE_INFINITY,
    seriesPerMetric: limits.series_per_metric ?? Number.POSITIVE_INFINITY,
  };
}
