// The canonical label set: sorted by name, no name twice, no empty value.

export interface Label {
  readonly name: string;
  readonly value: string;
}

/** Sorted by name in code point order (the order of UTF-8 bytes), names unique, no empty value. */
export type Labels = readonly Label[];

/** A dense number given to a label set once, for good; 0 is no series. */
export type SeriesId = number;

const SURROGATES_START = 0xd800;
const LONE_SURROGATE = /\p{Surrogate}/u;
const NAME_SHOWN_CHARS_MAX = 60;

/** Code point order. `<` on strings differs where a surrogate pair meets U+E000..U+FFFF. */
export function compareText(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      // A surrogate stands for a code point above every other code unit.
      if (x >= SURROGATES_START && y >= SURROGATES_START) return rankUnit(x) - rankUnit(y);
      return x - y;
    }
  }
  return a.length - b.length;
}

/** Surrogates (0xd800..0xdfff) after 0xe000..0xffff, both otherwise in their order. */
function rankUnit(unit: number): number {
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** By the labels one after the other, name before value; a prefix comes first. */
export function compareLabels(a: Labels, b: Labels): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const order = compareText(a[i]!.name, b[i]!.name) || compareText(a[i]!.value, b[i]!.value);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/**
 * Sorted and without empty values, which mean the same as an absent label. The argument itself
 * when it is canonical already. Names given twice stay: `validateLabels` tells.
 */
export function canonicalLabels(labels: readonly Label[]): Labels {
  let sorted = true;
  let empty = false;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i]!.value === '') empty = true;
    if (i > 0 && compareText(labels[i - 1]!.name, labels[i]!.name) > 0) sorted = false;
  }
  if (sorted && !empty) return labels;
  const kept = empty ? labels.filter((label) => label.value !== '') : [...labels];
  return sorted ? kept : kept.sort((a, b) => compareText(a.name, b.name));
}

/**
 * Why canonical labels cannot be a series, or undefined when they can: at least one label, no
 * empty name, no name twice, text that UTF-8 can carry. `__name__` may be absent.
 */
export function validateLabels(labels: Labels): string | undefined {
  if (labels.length === 0) return 'no labels';
  let before: string | undefined;
  for (const { name, value } of labels) {
    if (name === '') return 'empty label name';
    if (name === before) return `duplicate label name ${shown(name)}`;
    if (!isWellFormed(name)) return `label name ${shown(name)} is not valid Unicode`;
    if (!isWellFormed(value)) return `value of label ${shown(name)} is not valid Unicode`;
    before = name;
  }
  return undefined;
}

/** Whether UTF-8 can carry the text. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** A name fit for an error message, whatever a client put in it. */
function shown(name: string): string {
  const short = name.length > NAME_SHOWN_CHARS_MAX;
  return JSON.stringify(short ? `${name.slice(0, NAME_SHOWN_CHARS_MAX)}...` : name);
}
