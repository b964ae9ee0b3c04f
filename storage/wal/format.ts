// What wal/record.ts writes and reads. On disk: not to be renumbered.
//
//   points  | kind u8 | ids layout u8 | times layout u8 | 0 u8 | count u32 |
//           | base time f64 | first id u32 | id step u32 | values | times | ids |
//   events  | kind u8 | count varint | per event: id varint, time signed varint, nanos varint,
//           |   body length varint, attributes length varint | bodies | attributes |
//   series  | kind u8 | count varint | per series: id varint, labels varint,
//           |   per label: name, value, each as length varint and UTF-8 |

export const RECORD_KIND = { series: 1, points: 2, events: 4 } as const;

/** How the ids of a points record are laid out. */
export const IDS_LAYOUT = {
  /** u32 each. */
  raw: 0,
  /** None: id i is first id + i * id step, modulo 2^32. */
  progression: 1,
} as const;

/** How its timestamps are laid out. */
export const TIMES_LAYOUT = {
  /** f64 each. */
  raw: 0,
  /** u32 each, ms after the base time. */
  offsets: 1,
  /** None: all are the base time. */
  constant: 2,
} as const;

/** Fields before the columns of a points record. */
export const POINTS_HEADER_BYTES = 24;
