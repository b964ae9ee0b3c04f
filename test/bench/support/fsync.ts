import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile } from './timing.ts';

const WRITES = 50;
const WRITE_BYTES = 4096;

/** The median of appending 4 KiB to a file below the temporary directory and syncing it, ms. */
export function fsyncMs(): number {
  const dir = mkdtempSync(join(tmpdir(), 'varve-fsync-'));
  const file = openSync(join(dir, 'log'), 'a');
  const bytes = new Uint8Array(WRITE_BYTES);
  const times = Float64Array.from({ length: WRITES }, () => {
    const startMs = performance.now();
    writeSync(file, bytes);
    fsyncSync(file);
    return performance.now() - startMs;
  });
  closeSync(file);
  rmSync(dir, { recursive: true });
  return quantile(times.sort(), 0.5);
}
