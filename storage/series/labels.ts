// The canonical label set: sorted by name, no name twice, no empty value.

export interface Label {
  readonly name: string;
  readonly value: string;
}

/** Sorted by name (UTF-16 code unit order), names unique, values not empty. */
export type Labels = readonly Label[];

/** A dense number given to a label set once, for good; 0 is no series. */
export type SeriesId = number;
