// Portions on their way to a server: one at a time, sent again when it asks to wait.

import { setTimeout as wait } from 'node:timers/promises';
import { apiUrl, noAnswer, parseJson } from '../remote.ts';
import { UserError } from '../user-error.ts';
import { type Format, type FormatOptions, targetOf } from './formats.ts';
import type { Portion } from './portions.ts';

/** A server that asks to wait longer than this, all in all, for one portion, is given up. */
const PATIENCE_MS = 600_000;
const WAIT_DEFAULT_MS = 1000;
const WAIT_MS_MAX = 60_000;

/** What became of a portion. */
export interface Sent {
  /** Points stored; undefined when the format's answer does not say. */
  readonly accepted: number | undefined;
  /** Why some of it was not, with line numbers of the file. */
  readonly problem: string | undefined;
}

export interface Sender {
  /** Throws UserError when the portion, or a part of it, may not have been stored. */
  send(portion: Portion): Promise<Sent>;
}

/** The parts of any server's answer that are looked at; see ingest/docs/import.md. */
interface Answer {
  readonly error?: string;
  readonly message?: string;
  readonly data?: { readonly accepted?: number };
}

export function createSender(
  server: string,
  format: Format,
  options: FormatOptions,
  signal: AbortSignal,
): Sender {
  const { path, contentType, parameters } = targetOf(format, options);
  const url = apiUrl(server, path, parameters);

  async function post(portion: Portion): Promise<{ response: Response; answer: Answer }> {
    const headers = { 'content-type': contentType };
    try {
      const body = new Uint8Array(portion.bytes);
      const response = await fetch(url, { method: 'POST', headers, body, signal });
      const text = await response.text();
      return { response, answer: (parseJson(text) ?? { error: text.trim() }) as Answer };
    } catch (error) {
      throw signal.aborted ? signal.reason : noAnswer(server, error);
    }
  }

  return {
    async send(portion) {
      for (let waitedMs = 0; ; ) {
        const { response, answer } = await post(portion);
        const { status } = response;
        const accepted = answer.data?.accepted;
        if (response.ok) return { accepted, problem: undefined };
        const said = answer.error ?? answer.message ?? '';
        const reason = shiftLines(said, portion.firstLine) || `the server answered ${status}`;
        // The rest of the portion is stored; line protocol has words for it instead of a count.
        const isPartial = accepted !== undefined || said.startsWith('partial write: ');
        if (status === 400 && isPartial) return { accepted, problem: reason };
        const delayMs = status === 429 || status === 503 ? retryDelayMs(response) : undefined;
        if (delayMs === undefined || waitedMs + delayMs > PATIENCE_MS) throw new UserError(reason);
        waitedMs += delayMs;
        await wait(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    },
  };
}

function retryDelayMs({ headers }: Response): number {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return seconds >= 0 ? Math.min(seconds * 1000, WAIT_MS_MAX) : WAIT_DEFAULT_MS;
}

/** `line 3` of a portion as the line it is in the file. */
function shiftLines(message: string, firstLine: number): string {
  return message.replace(/\bline (\d+)/g, (_, line) => `line ${Number(line) + firstLine - 1}`);
}
