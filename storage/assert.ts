// Programmer errors end the process; operating errors are typed (errors.ts); absence is undefined.

/** Throws when `condition` is false: a broken invariant of ours, never a user's mistake. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** The end of a switch over a closed union: fails to compile when a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`invariant broken: unexpected ${JSON.stringify(value)}`);
}
