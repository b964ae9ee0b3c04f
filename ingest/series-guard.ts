// Who has a say on whether a series that storage does not know is registered.

import type { Labels } from '../storage/index.ts';
import type { Reason } from './reasons.ts';

export interface SeriesRefused {
  readonly reason: Reason;
  /** What an answer says of it; default: what it says of the reason. */
  readonly detail?: string;
}

export interface SeriesGuard {
  /** Undefined when it may be; `unread` when figures have to be read before that can be said. */
  refusalOf(labels: Labels): SeriesRefused | 'unread' | undefined;
  /** Counts a series that every guard let in. */
  admitted(labels: Labels): void;
  /** Reads what was missing; then the same question has an answer. */
  read?(): Promise<void>;
}
