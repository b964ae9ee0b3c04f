// The world of a command that runs as a process of its own.

import type { Engine } from '../engine.ts';
import type { World } from './world.ts';

export function createProcessWorld(engine: Engine): World {
  const { stdout, stderr, env } = process;
  // A reader that has seen enough (`| head`) is no failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    engine,
    // Only who reads it opens it.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    colour: stdout.isTTY === true && (env['NO_COLOR'] ?? '') === '',
    exit: (code) => process.exit(code),
    onSignal(signal, callback) {
      process.on(signal, callback);
      return () => process.off(signal, callback);
    },
  };
}
