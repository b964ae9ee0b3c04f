// varve config check FILE

import { formatProblems, loadConfig } from '../config.ts';
import { UserError } from '../user-error.ts';
import type { World } from './world.ts';

/** Every mistake on a line of its own; exit 2 if there is any. */
export function checkConfig(file: string, { stdout }: World): void {
  const result = loadConfig(file);
  if (!result.ok) throw new UserError(formatProblems(result.problems), 2);
  stdout.write(`${file} is valid\n`);
}
