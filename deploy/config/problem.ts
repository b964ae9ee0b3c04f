// What is wrong with a config, as a value: where it stands, which key, and what would be right.

/** Keys and list indexes from the root. */
export type KeyPath = readonly (string | number)[];

export interface Problem {
  /** `FILE:LINE`, or the flag that gave the value; empty for a default. */
  readonly place: string;
  readonly path: KeyPath;
  /** What is wrong, and what would be right. */
  readonly message: string;
}

/** `retention.policies[0].keep` */
export function formatPath(path: KeyPath): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`,
    '',
  );
}

/** One line: `varve.yaml:12: retention.policies[0].keep: expected a duration ...` */
export function formatProblem({ place, path, message }: Problem): string {
  return [place, formatPath(path), message].filter((part) => part !== '').join(': ');
}

/** The candidate that `word` is most likely a misspelling of. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const tolerance = Math.ceil(word.length / 3);
  return ranked !== undefined && ranked.distance <= tolerance ? ranked.candidate : undefined;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
