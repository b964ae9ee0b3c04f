// A running server as commands reach it.

import { systemReason, UserError } from './user-error.ts';

/** The server that is asked when nobody says which. */
export const DEFAULT_SERVER = 'http://127.0.0.1:4318';

/** `server` is what --http says. */
export function apiUrl(server: string, path: string, parameters?: URLSearchParams): URL {
  const url = URL.canParse(server) ? new URL(path, server) : undefined;
  if (url === undefined || !url.protocol.startsWith('http')) {
    throw new UserError(`--http ${server} is not a URL: say for example ${DEFAULT_SERVER}`, 2);
  }
  if (parameters !== undefined) url.search = parameters.toString();
  return url;
}

/** Why there is none: the reason lies below what fetch throws. */
export function noAnswer(server: string, error: unknown): UserError {
  const reason = systemReason((error as Error).cause ?? error);
  return new UserError(`no answer from ${server}: ${reason}; is varve serve running there?`);
}

/** JSON of an answer, or undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
