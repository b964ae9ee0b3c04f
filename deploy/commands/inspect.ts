// varve inspect PATH: what is in a WAL segment, an SSTable, a manifest or a data directory.

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
  const { text, damage } = await engine.inspectPath(path, engine.createEnv(), { verify });
  stdout.write(text);
  if (damage.length > 0) throw new UserError(damage.join('\n'));
}
