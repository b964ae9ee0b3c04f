import type { Env } from './env/env.ts';
import { StorageError } from './errors.ts';

export async function inspectPath(
  path: string,
  _env: Env,
  _options: { readonly verify: boolean },
): Promise<{ readonly text: string; readonly damage: readonly string[] }> {
  throw new StorageError('INVALID_ARGUMENT', path);
}
