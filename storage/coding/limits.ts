// Maxima of an encoded chunk and block. What a file claims is checked against them before memory
// is taken for it.

/** Points of a chunk: more of one series become several chunks. */
export const CHUNK_POINTS_MAX = 8192;

/** Chunks of a block. */
export const BLOCK_CHUNKS_MAX = 4096;

/** Bytes of a decompressed block: a chunk may come after the target size is nearly reached. */
export const BLOCK_BYTES_MAX = 4 << 20;
