// When a query has to stop: its time is up, or whoever asked has gone.

import { QueryError } from './errors.ts';
import { limitNote, type QueryLimits } from './limits.ts';

export interface Deadline {
  /** Aborted with a QueryError as its reason: timeout or canceled. */
  readonly signal: AbortSignal;
  /** Ends the query before its time. */
  cancel(reason: QueryError): void;
  /** Lets go of the timer and of the caller's signal. */
  clear(): void;
}

/** `timeoutMs` counts from now and is cut to what the limits give. */
export function startDeadline(
  limits: QueryLimits,
  timeoutMs = limits.timeoutMs,
  canceled?: AbortSignal,
): Deadline {
  const controller = new AbortController();
  const given = { ...limits, timeoutMs: Math.max(0, Math.min(timeoutMs, limits.timeoutMs)) };
  const timer = setTimeout(() => {
    const note = limitNote(given, 'timeoutMs');
    const message = `query timed out in expression evaluation${note}`;
    controller.abort(new QueryError('timeout', message));
  }, given.timeoutMs);
  const cancel = (): void => {
    controller.abort(new QueryError('canceled', 'query was canceled in expression evaluation'));
  };
  if (canceled?.aborted === true) cancel();
  canceled?.addEventListener('abort', cancel, { once: true });
  return {
    signal: controller.signal,
    cancel: (reason) => controller.abort(reason),
    clear() {
      clearTimeout(timer);
      canceled?.removeEventListener('abort', cancel);
    },
  };
}
