// `storage.profile`: presets of other storage keys. A key that is given beats its preset.

/** In the form of the file, merged under what the user wrote; `balanced` is the defaults. */
export const STORAGE_PROFILES = {
  /** Fewer, larger tables and less work per point, for reads that touch more files. */
  write_heavy: {
    memtable: { size: '256MiB', max_age: '1h' },
    compaction: { fan_in: 8, slowdown_tables: 40, stop_tables: 80 },
    index: { level_zero_tables: 8, level_ratio: 10, bloom_bits_per_key: 8 },
    block_cache: '128MiB',
  },
  balanced: {},
  /** Small tables early, and most of the memory for blocks that queries come back to. */
  read_heavy: {
    memtable: { size: '32MiB', max_age: '10m' },
    compaction: { fan_in: 3, slowdown_tables: 16, stop_tables: 32 },
    index: { level_zero_tables: 2, level_ratio: 10, bloom_bits_per_key: 14 },
    block_cache: '1GiB',
  },
} as const;
