// What storage tells about itself, as log lines.

import type { StorageListener } from '../storage/index.ts';
import type { Logger } from './logging.ts';

/** The same trouble is told of at most once in this time: a full disk is met every second. */
const REPEAT_MS = 60_000;
/** Different troubles remembered; beyond that, all are told of anew. */
const REMEMBERED_MAX = 100;

export function storageLog(
  log: Logger,
  nowMs: () => number = () => performance.now(),
): Partial<StorageListener> {
  const isNews = createNewsFilter(nowMs);
  return {
    recovering: (info) => log.info(info, 'replaying the log'),
    recovered(info) {
      if (info.unclean) log.warn(info, 'the last run ended without a shutdown: recovered');
      else log.debug(info, 'data directory opened');
    },
    flushed: (info) => log.debug(info, 'memtable flushed'),
    indexCompacted: (info) => log.debug(info, 'tag index compacted'),
    windowCompacted: (info) => log.debug(info, 'window compacted'),
    corruption(error) {
      const { message: reason } = error;
      if (isNews(reason)) log.error({ reason }, 'damaged data was left out');
    },
    backgroundError(error) {
      if (isNews(withoutNumbers(error.message)))
        log.error({ err: error }, 'work in the background failed');
    },
  };
}

/** A message without what differs each time that files are written anew. */
function withoutNumbers(message: string): string {
  return message.replaceAll(/\d{6,}\.(?:sst|idx|wal|manifest)/g, 'N');
}

function createNewsFilter(nowMs: () => number): (message: string) => boolean {
  const toldMs = new Map<string, number>();
  return (message) => {
    const last = toldMs.get(message);
    if (last !== undefined && nowMs() - last < REPEAT_MS) return false;
    if (toldMs.size >= REMEMBERED_MAX) toldMs.clear();
    toldMs.set(message, nowMs());
    return true;
  };
}

/** A listener that passes everything on to `first`, then to `second`. */
export function tellBoth(
  first: Partial<StorageListener>,
  second: Partial<StorageListener>,
): StorageListener {
  const both =
    <Info>(a: ((info: Info) => void) | undefined, b: ((info: Info) => void) | undefined) =>
    (info: Info) => {
      a?.(info);
      b?.(info);
    };
  return {
    walSynced: both(first.walSynced, second.walSynced),
    recovering: both(first.recovering, second.recovering),
    recovered: both(first.recovered, second.recovered),
    flushed: both(first.flushed, second.flushed),
    indexCompacted: both(first.indexCompacted, second.indexCompacted),
    windowCompacted: both(first.windowCompacted, second.windowCompacted),
    windowDropped: both(first.windowDropped, second.windowDropped),
    corruption: both(first.corruption, second.corruption),
    backgroundError: both(first.backgroundError, second.backgroundError),
  };
}
