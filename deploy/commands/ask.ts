// Questions of a command to a running server, over HTTP.

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { systemReason, UserError } from '../user-error.ts';

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
  readonly parameters?: URLSearchParams;
  /** How long an answer may take, ms; Infinity for as long as it takes. */
  readonly timeoutMs: number;
}

/**
 * The answer as it came, and what it says. Throws UserError when `server` is no URL, or does not
 * answer, or not like varve, or with an error.
 */
export async function ask<Data>(
  server: string,
  { method, path, parameters, timeoutMs }: Question,
): Promise<{ text: string; answer: Answer<Data> }> {
  const url = URL.canParse(server) ? new URL(path, server) : undefined;
  if (url === undefined || !url.protocol.startsWith('http')) {
    throw new UserError(`--http ${server} is not a URL: say for example http://127.0.0.1:4318`, 2);
  }
  let body: string;
  try {
    body = await textFrom(url, method, parameters, timeoutMs);
  } catch (error) {
    const reason = systemReason(error);
    throw new UserError(`no answer from ${server}: ${reason}; is varve serve running there?`);
  }
  const answer = parseAnswer<Data>(body);
  if (answer === undefined)
    throw new UserError(`${server} does not answer like varve: check --http`);
  if (answer.status !== 'success') throw new UserError(answer.error ?? `${path} failed`);
  return { text: body, answer };
}

/** Not `fetch`: that gives up when the first byte takes five minutes, as a snapshot's may. */
function textFrom(
  url: URL,
  method: Question['method'],
  parameters: URLSearchParams | undefined,
  timeoutMs: number,
): Promise<string> {
  const headers = parameters && { 'content-type': 'application/x-www-form-urlencoded' };
  const signal = Number.isFinite(timeoutMs) ? AbortSignal.timeout(timeoutMs) : undefined;
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const options = { method, ...(headers && { headers }), ...(signal && { signal }) };
    const request = send(url, options, (response) => text(response).then(resolve, reject));
    request.on('error', reject).end(parameters?.toString());
  });
}

function parseAnswer<Data>(text: string): Answer<Data> | undefined {
  try {
    const answer = JSON.parse(text) as Answer<Data> | null;
    return typeof answer?.status === 'string' ? answer : undefined;
  } catch {
    return undefined;
  }
}
