// CURRENT: the name of the live manifest. It is replaced by a rename, so that there is a whole one
// at any moment.

import type { FileSystem } from '../env/env.ts';
import { CorruptionError } from '../errors.ts';
import {
  CURRENT_DRAFT_NAME,
  CURRENT_NAME,
  fileName,
  parseFileName,
  walDir,
  windowsDir,
} from '../filenames.ts';

/** The number of the live manifest, or undefined on the first start. */
export async function currentManifest(dir: string, fs: FileSystem): Promise<number | undefined> {
  const path = `${dir}/${CURRENT_NAME}`;
  if ((await fs.size(path)) === undefined) {
    // Data is written only after CURRENT: without it, its files are not to be taken for orphans.
    const data = [...(await fs.list(walDir(dir))), ...(await fs.list(windowsDir(dir)))];
    if (data.length > 0) throw new CorruptionError(path, 0, 'expected a file, found none');
    return undefined;
  }
  const file = await fs.open(path);
  try {
    const text = new TextDecoder().decode(await file.read(0, file.size));
    const named = text.endsWith('\n') ? parseFileName(text.slice(0, -1)) : undefined;
    if (named?.kind === 'manifest') return named.number;
    throw new CorruptionError(path, 0, 'expected the name of a manifest');
  } finally {
    await file.close();
  }
}

/** Points CURRENT at manifest `number`, durably. */
export async function writeCurrent(dir: string, fs: FileSystem, number: number): Promise<void> {
  const draft = `${dir}/${CURRENT_DRAFT_NAME}`;
  if ((await fs.size(draft)) !== undefined) await fs.remove(draft);
  const file = await fs.create(draft);
  try {
    await file.append([new TextEncoder().encode(`${fileName('manifest', number)}\n`)]);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(draft, `${dir}/${CURRENT_NAME}`);
  await fs.syncDir(dir);
}
