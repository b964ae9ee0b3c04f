// The signals of a server: stop once, stop at once, read the config again.

import type { Logger } from '../logging.ts';
import type { StopSignal, World } from './world.ts';

export interface Signals {
  /** Resolves with the first SIGTERM or SIGINT. A second one ends the process on the spot. */
  readonly stop: Promise<StopSignal>;
  /** What SIGHUP does from now on; until then, and after `release`, nothing. */
  onReload(callback: () => void): void;
  release(): void;
}

/** From here on no signal ends the process before its time, not even while it starts. */
export function watchSignals(world: World, log: Logger): Signals {
  let reload = () => {};
  let resolveStop: (signal: StopSignal) => void = () => {};
  const stop = new Promise<StopSignal>((resolve) => {
    resolveStop = resolve;
  });
  let isStopping = false;
  const onStop = (signal: StopSignal) => () => {
    if (isStopping) {
      log.warn({ signal }, 'forced: the WAL is replayed at the next start');
      world.exit(1);
    }
    isStopping = true;
    log.info({ signal }, 'stopping: no more writes, those under way are finished');
    resolveStop(signal);
  };
  const releases = [
    world.onSignal('SIGTERM', onStop('SIGTERM')),
    world.onSignal('SIGINT', onStop('SIGINT')),
    world.onSignal('SIGHUP', () => reload()),
  ];
  return {
    stop,
    onReload(callback) {
      reload = callback;
    },
    release() {
      for (const release of releases) release();
    },
  };
}
