// The end of a benchmark that starts processes: whatever happens, it comes, and takes them along.

/**
 * Ends this process with an error when it is still there after `seconds`, or is told to stop. Its
 * `exit` listeners run, which end children and remove directories.
 */
export function endAfter(seconds: number): void {
  const giveUp = () => {
    console.error(`not done after ${Math.round(seconds)} s: stopped`);
    process.exit(1);
  };
  setTimeout(giveUp, seconds * 1000).unref();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => process.exit(1));
  }
}
