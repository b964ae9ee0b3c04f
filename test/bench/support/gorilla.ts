// The plain time-series encoding that others are measured against: "Gorilla: A Fast, Scalable,
// In-Memory Time Series Database" (Pelkonen et al., VLDB 2015), section 4.1. Only sizes are wanted
// here, so it counts bits instead of writing them.

/** Buckets of delta-of-delta: prefix bits and value bits (figure 2 of the paper). */
const BUCKETS = [
  { max: 64, bits: 2 + 7 },
  { max: 256, bits: 3 + 9 },
  { max: 2048, bits: 4 + 12 },
];
const LAST_BUCKET_BITS = 4 + 32;

/** Bytes that one block with these points takes. */
export function gorillaBytes(timestampsMs: Float64Array, values: Float64Array): number {
  return Math.ceil((timeBits(timestampsMs) + valueBits(values)) / 8);
}

function timeBits(timestampsMs: Float64Array): number {
  let bits = 64;
  let delta = 0;
  for (let i = 1; i < timestampsMs.length; i++) {
    const next = timestampsMs[i]! - timestampsMs[i - 1]!;
    bits += bucketBits(next - delta);
    delta = next;
  }
  return bits;
}

function bucketBits(change: number): number {
  if (change === 0) return 1;
  for (const { max, bits } of BUCKETS) if (change >= 1 - max && change <= max) return bits;
  return LAST_BUCKET_BITS;
}

/** In halves of 32 bits: as BigInts they take a hundred times as long. */
function valueBits(values: Float64Array): number {
  const halves = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  let bits = 64;
  let leading = 64;
  let trailing = 0;
  for (let i = 2; i < halves.length; i += 2) {
    const low = halves[i]! ^ halves[i - 2]!;
    const high = halves[i + 1]! ^ halves[i - 1]!;
    if (low === 0 && high === 0) {
      bits += 1;
      continue;
    }
    const leadingNow = Math.min(31, high !== 0 ? Math.clz32(high) : 32 + Math.clz32(low));
    const trailingNow = low !== 0 ? trailingZeros(low) : 32 + trailingZeros(high);
    if (leadingNow >= leading && trailingNow >= trailing) {
      bits += 2 + 64 - leading - trailing;
    } else {
      leading = leadingNow;
      trailing = trailingNow;
      bits += 2 + 5 + 6 + 64 - leading - trailing;
    }
  }
  return bits;
}

/** Of 32 bits that are not all zero. */
function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
