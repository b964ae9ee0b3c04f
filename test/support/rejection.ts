/** The error that `action` rejects with; it is a failure when it does not. */
export async function rejection(action: Promise<unknown>): Promise<Error & { code?: unknown }> {
  const outcome = await action.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (outcome === undefined) throw new Error('expected a rejection, but it resolved');
  if (!(outcome.error instanceof Error)) throw outcome.error;
  return outcome.error;
}
