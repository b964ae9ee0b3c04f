// What snapshot and restore have in common: where they may write, and what they say meanwhile.

import { readdir } from 'node:fs/promises';
import type { SnapshotInfo, SnapshotProgress } from '../../storage/index.ts';
import { systemReason, UserError } from '../user-error.ts';
import type { Output } from './world.ts';

const MIB = 2 ** 20;

/** Throws UserError unless `dir` is absent or empty: before work begins that may take long. */
export async function demandNewDirectory(dir: string, what: string): Promise<void> {
  try {
    if ((await readdir(dir)).length === 0) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new UserError(`cannot use ${dir} for ${what}: ${systemReason(error)}`);
  }
  throw new UserError(`${dir} is not empty: name a new directory for ${what}`);
}

/** One line that is written over and over, on a terminal alone. */
export function showProgress(output: Output): SnapshotProgress {
  return (doneBytes, totalBytes) => {
    if (output.isTTY !== true) return;
    const share = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
    const end = doneBytes === totalBytes ? '\n' : '';
    output.write(`\r${share} % of ${formatMiB(totalBytes)}${end}`);
  };
}

export function formatSnapshot({ files, sizeBytes }: SnapshotInfo): string {
  return `${files} files, ${formatMiB(sizeBytes)}`;
}

function formatMiB(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
