// The queries under way: who asked what, how far it is, and how to end it.

import { QueryError } from './errors.ts';

export interface ActiveQuery {
  /** Unique while the server runs. */
  readonly id: number;
  readonly query: string;
  /** When it came in, ms since the epoch. */
  readonly startMs: number;
  /** Address of whoever asked; undefined when it came from inside. */
  readonly client: string | undefined;
  readonly phase: 'waiting' | 'evaluating';
  /** Points read so far. */
  readonly points: number;
}

export interface ActiveQueries {
  /** In the order they came. */
  list(): readonly ActiveQuery[];
  /** Ends a query, which fails as canceled; false when there is none with that id. */
  kill(id: number): boolean;
}

/** What a query tells of itself while it runs. */
export interface QueryProgress {
  phase: ActiveQuery['phase'];
  /** Asked when somebody looks. */
  points: () => number;
}

export interface ActiveQueryBook extends ActiveQueries {
  /** Enters a query; `end` takes it out again. */
  enter(
    about: Pick<ActiveQuery, 'query' | 'startMs' | 'client'>,
    cancel: (reason: QueryError) => void,
  ): { readonly progress: QueryProgress; end(): void };
}

export function createActiveQueries(): ActiveQueryBook {
  const entries = new Map<
    number,
    {
      readonly about: Pick<ActiveQuery, 'query' | 'startMs' | 'client'>;
      readonly progress: QueryProgress;
      readonly cancel: (reason: QueryError) => void;
    }
  >();
  let lastId = 0;
  return {
    enter(about, cancel) {
      const id = ++lastId;
      const progress: QueryProgress = { phase: 'waiting', points: () => 0 };
      entries.set(id, { about, progress, cancel });
      return { progress, end: () => entries.delete(id) };
    },
    list: () =>
      Array.from(entries, ([id, { about, progress }]) => ({
        id,
        ...about,
        phase: progress.phase,
        points: progress.points(),
      })),
    kill(id) {
      const entry = entries.get(id);
      entry?.cancel(new QueryError('canceled', 'query was killed by an administrator'));
      return entry !== undefined;
    },
  };
}
