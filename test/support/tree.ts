// Files of a directory and all below it.

import type { FileSystem } from '../../storage/index.ts';

/** Their paths, sorted by directory, of those whose names have this ending. */
export async function filesBelow(fs: FileSystem, dir: string, ending: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await fs.list(dir)) {
    const path = `${dir}/${name}`;
    if ((await fs.size(path)) === undefined) found.push(...(await filesBelow(fs, path, ending)));
    else if (name.endsWith(ending)) found.push(path);
  }
  return found;
}
