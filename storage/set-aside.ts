// Tables that cannot be read are put aside under another name beside their own, for people: nobody
// else removes them, or reads them.

import type { FileSystem } from './env/env.ts';
import { isMissing } from './errors.ts';
import { DAMAGED_SUFFIX } from './filenames.ts';

/** Whether the file is aside now: a crash may have come between the renaming and its edit. */
export async function setAside(path: string, fs: FileSystem): Promise<boolean> {
  const aside = `${path}${DAMAGED_SUFFIX}`;
  try {
    await fs.rename(path, aside);
    await fs.syncDir(path.slice(0, path.lastIndexOf('/')));
    return true;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return (await fs.size(aside)) !== undefined;
  }
}
