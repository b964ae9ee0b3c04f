// What is said of blocks of the tag index that cannot be read.

import type { CorruptionError } from '../errors.ts';
import type { IndexView } from './view.ts';

/**
 * Tells whoever asks the index of each table with a block that had to be passed over: series may be
 * missing from the answer. Throws the first when nobody wants to be told.
 */
export function passDamagedBlocks(
  { levels }: IndexView,
  { onCorruption }: { readonly onCorruption?: (error: CorruptionError) => void },
): void {
  for (const { damage } of levels.flat()) {
    if (damage === undefined) continue;
    if (onCorruption === undefined) throw damage;
    onCorruption(damage);
  }
}
