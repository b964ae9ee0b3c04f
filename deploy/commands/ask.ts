// Questions of a command to a running server, over HTTP.

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { apiUrl, noAnswer, parseJson } from '../remote.ts';
import { UserError } from '../user-error.ts';

/** Prometheus's envelope. */
export interface Answer<Data> {
  readonly status: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly data?: Data;
}

export interface Question {
  readonly method: 'GET' | 'POST';
  /** From the root of the server. */
  readonly path: string;
  /** How long an answer may take, ms; Infinity for as long as it takes. */
  readonly timeoutMs: number;
}

/**
 * What the server says. Throws UserError when `server` is no URL, or does not
 * answer, or not like varve, or with an error.
 */
export async function ask<Data>(
  server: string,
  { method, path, timeoutMs }: Question,
): Promise<Answer<Data>> {
  const url = apiUrl(server, path);
  let body: string;
  try {
    body = await textFrom(url, method, timeoutMs);
  } catch (error) {
    throw noAnswer(server, error);
  }
  const answer = parseJson(body) as Answer<Data> | null | undefined;
  if (typeof answer?.status !== 'string') {
    throw new UserError(`${server} does not answer like varve: check --http`);
  }
  if (answer.status !== 'success') throw new UserError(answer.error ?? `${path} failed`);
  return answer;
}

/** Not `fetch`: that gives up when the first byte takes five minutes, as a snapshot's may. */
function textFrom(url: URL, method: Question['method'], timeoutMs: number): Promise<string> {
  const signal = Number.isFinite(timeoutMs) ? AbortSignal.timeout(timeoutMs) : undefined;
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const options = { method, ...(signal && { signal }) };
    const request = send(url, options, (response) => text(response).then(resolve, reject));
    request.on('error', reject).end();
  });
}
