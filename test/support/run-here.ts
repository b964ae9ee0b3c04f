// The program in this process: faster to start than a process of its own.

import { Readable } from 'node:stream';
import { runCli } from '../../deploy/cli.ts';
import type { World } from '../../deploy/commands/world.ts';
import { naiveEngine } from './naive-engine.ts';
import type { Finished } from './varve-process.ts';

/** Runs one command on the naive engine, without a terminal and without signals. */
export function runHere(...args: string[]): Promise<Finished> {
  return runIn({}, ...args);
}

/** The same in a world that differs in `own`. */
export async function runIn(own: Partial<World>, ...args: string[]): Promise<Finished> {
  const said = { stdout: '', stderr: '' };
  const code = await runCli(args, {
    engine: naiveEngine,
    stdin: Readable.from([]),
    stdout: { write: (text) => (said.stdout += Buffer.from(text).toString('utf8')) },
    stderr: { write: (text) => (said.stderr += Buffer.from(text).toString('utf8')) },
    colour: false,
    onSignal: () => () => {},
    exit: (exitCode) => {
      throw new Error(`exit ${exitCode}`);
    },
    ...own,
  });
  return { code, ...said };
}
