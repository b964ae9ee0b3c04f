// varve inspect PATH: what is in a WAL segment, an SSTable, a manifest or a data directory.

import { StorageError } from '../../storage/index.ts';
import { UserError } from '../user-error.ts';
import type { World } from './world.ts';

export interface InspectOptions {
  /** Reads every block instead of only headers and footers. */
  readonly verify?: boolean;
}

/** Exit 1 when something is damaged: what could be read is still printed. */
export async function inspect(
  path: string,
  { verify = false }: InspectOptions,
  { engine, stdout }: World,
): Promise<void> {
  let damages = 0;
  try {
    for await (const { kind, text } of engine.inspectPath(path, engine.createEnv(), { verify })) {
      stdout.write(`${text}\n`);
      if (kind === 'damage') damages++;
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new UserError(error.message, 1, { cause: error });
  }
  if (damages > 0) throw new UserError(`${path} is damaged; the places are named above`);
}
