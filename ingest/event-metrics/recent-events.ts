// Which events were counted lately: one that is sent again, after an answer that was lost, is not
// counted twice. Two generations, so that memory is bounded and the newest are always known.

import xxhash from 'xxhash-wasm';

const { h64Raw } = await xxhash();

/** Spreads the ids of streams over 64 bits: 2^64 / golden ratio. */
const ID_FACTOR = 0x9e37_79b9_7f4a_7c15n;
const NS_PER_MS = 1_000_000n;
/** A number holds 53 bits of a hash exactly. */
const SURPLUS_BITS = 11n;

/** What an event is, as one of 2^53 numbers. */
export function eventKey(id: number, timestampMs: number, nanos: number, body: Uint8Array): number {
  const timeNs = BigInt(timestampMs) * NS_PER_MS + BigInt(nanos);
  const seed = BigInt.asUintN(64, timeNs + BigInt(id) * ID_FACTOR);
  return Number(h64Raw(body, seed) >> SURPLUS_BITS);
}

export interface RecentEvents {
  /** Whether the event is none of the recent ones, of which it is the newest from now on. */
  admit(key: number): boolean;
}

/** Knows the last `eventsMin` events, and up to twice as many; some 50 bytes each. */
export function createRecentEvents(eventsMin: number): RecentEvents {
  let young = new Set<number>();
  let old = new Set<number>();
  return {
    admit(key) {
      if (young.has(key) || old.has(key)) return false;
      if (young.size === eventsMin) {
        old = young;
        young = new Set();
      }
      young.add(key);
      return true;
    },
  };
}
