// What an engine looks after by itself, whatever is asked of it: that its directory is still there,
// and that what lies in it can still be read.

import { Background } from './background.ts';
import type { Core } from './core.ts';
import type { FileLock } from './env/env.ts';
import { Scrubber, type ScrubFigures } from './scrubber.ts';
import { DirectoryGoneError } from './trouble.ts';

export interface Watch {
  readonly scrub: ScrubFigures;
  begin(): void;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/** What is acknowledged after the directory was taken away is lost: it is to be little. */
const GUARD_LOOK_MS = 1000;

/** `lock` is the one on the directory. */
export function createWatch(core: Core, lock: FileLock, failed: (error: Error) => void): Watch {
  const { scheduler } = core.env;
  const scrubber = new Scrubber(core);
  const scrubbing = new Background({
    scheduler,
    step: () => scrubber.step().then(() => false),
    failed,
    lookAgainMs: () => scrubber.pauseMs,
  });
  const guarding = new Background({
    scheduler,
    async step() {
      if (!(await lock.isHeld())) core.trouble.report(new DirectoryGoneError(core.dir));
      return false;
    },
    failed,
    lookAgainMs: GUARD_LOOK_MS,
  });
  return {
    get scrub() {
      return scrubber.figures;
    },
    begin() {
      guarding.kick();
      if (Number.isFinite(core.settings.scrubEveryMs)) scrubbing.kick();
    },
    async stop() {
      await guarding.stop();
      await scrubbing.stop();
    },
  };
}
