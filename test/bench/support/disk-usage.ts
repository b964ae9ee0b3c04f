// What lies on the disk, and what went there.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of all files below `dir`: their sizes, or the disk's blocks where a file has holes. */
export function bytesBelow(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => statSync(join(parentPath, name)))
    .reduce((sum, { size, blocks }) => sum + Math.min(size, blocks * 512), 0);
}

/** Bytes that this process, all of its threads, has caused to be written to disks. Linux only. */
export function bytesWritten(): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))![1]);
}
