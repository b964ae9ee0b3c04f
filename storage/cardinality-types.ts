// How many series the labels of a storage make, for whoever looks for what makes too many.

/** A name, a value or a `name=value` pair with its figure. */
export interface NamedCount {
  readonly name: string;
  readonly count: number;
}

/** Lists have the largest figures first. */
export interface Cardinality {
  readonly labelPairs: number;
  readonly seriesByMetric: readonly NamedCount[];
  readonly valuesByLabel: readonly NamedCount[];
  /** Characters of all values of a label. */
  readonly charactersByLabel: readonly NamedCount[];
  readonly seriesByPair: readonly NamedCount[];
}
