// varve export: points of a running server as JSON lines, to stdout or into a file.

import { createWriteStream } from 'node:fs';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { apiUrl, noAnswer, parseJson } from '../remote.ts';
import { compressionOf } from '../transfer/compression.ts';
import { isSystemError, systemReason, UserError } from '../user-error.ts';
import { timeOption } from './time.ts';
import type { Output, World } from './world.ts';

export interface ExportOptions {
  readonly http: string;
  readonly match: readonly string[];
  readonly start?: string;
  readonly end?: string;
  /** Compressed when it ends in .gz or .zst; default: stdout. */
  readonly output?: string;
}

/** Rejects with UserError when the export is not complete. */
export async function exportPoints(options: ExportOptions, world: World): Promise<void> {
  const response = await ask(options, world);
  const warnings: string[] = [];
  const source = Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
  const { output } = options;
  const compressed = compressionOf(output ?? '')?.compress() ?? new PassThrough();
  const sink = output === undefined ? writableOf(world.stdout) : createWriteStream(output);
  try {
    await pipeline(source, (chunks) => watchLastLine(chunks, warnings), compressed, sink);
  } catch (error) {
    if (isSystemError(error) && error.path !== undefined) throw error;
    const reason = systemReason((error as Error).cause ?? error);
    throw new UserError(`the export was cut off: ${reason}; what was written is not complete`);
  }
  if (warnings.length === 0) return;
  throw new UserError(`the export is not complete: ${warnings.join('; ')}`);
}

async function ask({ http, match, start, end }: ExportOptions, world: World): Promise<Response> {
  const nowMs = world.engine.createEnv().clock.nowMs();
  const parameters = new URLSearchParams();
  for (const selector of match) parameters.append('match[]', selector);
  if (start !== undefined) {
    parameters.set('start', String(timeOption('--start', start, nowMs) / 1000));
  }
  if (end !== undefined) parameters.set('end', String(timeOption('--end', end, nowMs) / 1000));
  const url = apiUrl(http, '/api/v1/export', parameters);
  let response: Response;
  try {
    // As it is: a file is compressed here when its name says so.
    response = await fetch(url, { headers: { 'accept-encoding': 'identity' } });
  } catch (error) {
    throw noAnswer(http, error);
  }
  if (response.ok) return response;
  const answer = parseJson(await response.text()) as { error?: string } | undefined;
  throw new UserError(answer?.error ?? `${http} answered ${response.status}: check --http`);
}

/** Passes everything on, and keeps the warnings of the last line, should it have any. */
async function* watchLastLine(
  chunks: AsyncIterable<Uint8Array>,
  warnings: string[],
): AsyncGenerator<Uint8Array> {
  let last = Buffer.alloc(0);
  for await (const chunk of chunks) {
    yield chunk;
    const bytes = Buffer.from(chunk);
    const start = bytes.lastIndexOf('\n', -2) + 1;
    last = start > 0 ? bytes.subarray(start) : Buffer.concat([last, bytes]);
    const newline = last.indexOf('\n');
    if (newline >= 0 && newline < last.length - 1) last = last.subarray(newline + 1);
  }
  if (!last.toString('utf8', 0, 12).startsWith('{"warnings"')) return;
  const line = parseJson(last.toString('utf8')) as { warnings?: string[] } | undefined;
  warnings.push(...(line?.warnings ?? []));
}

/** Waits as long as whoever reads the output needs. */
function writableOf(output: Output): Writable {
  return new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      if (output.write(chunk) !== false || output.once === undefined) done();
      else output.once('drain', () => done());
    },
  });
}
