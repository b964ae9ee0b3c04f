// What storage tells about itself, as log lines.

import type { StorageListener } from '../storage/index.ts';
import type { Logger } from './logging.ts';

export function storageLog(log: Logger): Partial<StorageListener> {
  return {
    recovered(info) {
      if (info.unclean) log.warn(info, 'the last run ended without a shutdown: recovered');
      else log.debug(info, 'data directory opened');
    },
    flushed: (info) => log.debug(info, 'memtable flushed'),
    indexCompacted: (info) => log.debug(info, 'tag index compacted'),
    windowCompacted: (info) => log.debug(info, 'window compacted'),
    corruption: (error) => log.error({ reason: error.message }, 'damaged data was left out'),
    backgroundError: (error) => log.error({ err: error }, 'work in the background failed'),
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
    recovered: both(first.recovered, second.recovered),
    flushed: both(first.flushed, second.flushed),
    indexCompacted: both(first.indexCompacted, second.indexCompacted),
    windowCompacted: both(first.windowCompacted, second.windowCompacted),
    windowDropped: both(first.windowDropped, second.windowDropped),
    corruption: both(first.corruption, second.corruption),
    backgroundError: both(first.backgroundError, second.backgroundError),
  };
}
