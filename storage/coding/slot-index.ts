// A hash table of slots: open addressing with linear probing, in a column whose length is a power
// of two. An entry is 1 + the slot; 0 is free. Whoever looks something up compares what lies in
// slots, from the entry at its hash on, until a free one.

/** Enters a slot that is not there yet; at least one entry is free. */
export function placeSlot(index: Uint32Array, hash: number, slot: number): void {
  const mask = index.length - 1;
  let at = hash & mask;
  while (index[at] !== 0) at = (at + 1) & mask;
  index[at] = slot + 1;
}

/** Enters the slots below `count`, whose hashes are `hashes`, in an index that is empty. */
export function placeSlots(index: Uint32Array, hashes: Uint32Array, count: number): void {
  for (let slot = 0; slot < count; slot++) placeSlot(index, hashes[slot]!, slot);
}
