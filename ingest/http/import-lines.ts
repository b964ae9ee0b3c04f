// A body of lines on its way into storage: batch after batch as it arrives, and in the end an
// answer that says what became of it.

import { isUtf8 } from 'node:buffer';
import { type LineDecoder, LineError } from '../decode/line.ts';
import { eachLine } from '../decode/lines.ts';
import { IngestError } from '../errors.ts';
import { reasonText, toMessages } from '../reasons.ts';
import type { HttpAnswer, HttpRequest } from './http-door.ts';

/**
 * Points after which a batch is written: what an import holds in memory, but for one long line. Of
 * events fewer, and only as many as arrive in a block of lines, which is counted while it is held.
 */
const BATCH_POINTS = 65_536;
/** Bad lines that an answer names; the others are counted. */
const NAMED_MAX = 8;
const CARRIAGE_RETURN = 0x0d;

/** Lines that could not be read. */
interface BadLines {
  readonly named: string[];
  count: number;
}

/** Reads the body to its end, whatever lines are bad. */
export async function importLines(request: HttpRequest, decoder: LineDecoder): Promise<HttpAnswer> {
  const bad: BadLines = { named: [], count: 0 };
  let lines = 0;
  /** Of these, the ones whose points are durable. */
  let storedLines = 0;
  let points = request.createBatch();
  let events = request.createEvents();

  function decodeBlock(block: Buffer): void {
    const isText = isUtf8(block);
    eachLine(block, (start, end) => {
      lines++;
      try {
        decoder.decode(textOf(block, start, end, isText), points, events);
      } catch (error) {
        if (!(error instanceof LineError)) throw error;
        points.reject('malformed_line');
        if (bad.count++ < NAMED_MAX) bad.named.push(`line ${lines}: ${error.message}`);
      }
    });
  }

  async function writeBoth(): Promise<void> {
    await request.write(points);
    if (events.size() > 0) await request.writeEvents(events);
  }

  try {
    for await (const block of request.readLines(decoder.lineBytesMax)) {
      decodeBlock(block);
      if (events.size() === 0 && points.size() < BATCH_POINTS) continue;
      await writeBoth();
      points = request.createBatch();
      events = request.createEvents();
      storedLines = lines;
    }
    decoder.end?.();
    await writeBoth();
  } catch (error) {
    throw storedLines === 0 ? error : atLine(error, storedLines + 1);
  }
  return answer(request, lines, bad);
}

function textOf(block: Buffer, start: number, end: number, isText: boolean): string {
  if (!isText && !isUtf8(block.subarray(start, end))) throw new LineError('is not UTF-8');
  const cut = block[end - 1] === CARRIAGE_RETURN && end > start ? end - 1 : end;
  return block.toString('utf8', start, cut);
}

/** The same error, with how far the import has come: what is before need not be sent again. */
function atLine(error: unknown, line: number): unknown {
  if (!(error instanceof IngestError)) return error;
  const message = `${error.message}; the lines before line ${line} are stored`;
  return new IngestError(error.code, message, error);
}

/** 200 when all points are stored (exemplars never are), or 400; with the same counts in both. */
function answer({ total, limits }: HttpRequest, lines: number, bad: BadLines): HttpAnswer {
  const rejections = toMessages(total.rejections, limits);
  const data = {
    lines,
    accepted: total.accepted,
    rejected: total.rejections.total(),
    rejections: rejections.map(({ count, reason }) => ({ count: Number(count), reason })),
  };
  const problems = [...bad.named];
  if (bad.count > bad.named.length) problems.push(`${bad.count - bad.named.length} more bad lines`);
  for (const [reason, count] of total.rejections.entries()) {
    if (reason === 'exemplar' || reason === 'malformed_line') continue;
    problems.push(`${count} points rejected: ${reasonText(reason, total.rejections, limits)}`);
  }
  const headers = { 'content-type': 'application/json' };
  if (problems.length === 0) {
    return { status: 200, headers, body: JSON.stringify({ status: 'success', data }) };
  }
  const error = problems.join('; ');
  const body = JSON.stringify({ status: 'error', errorType: 'bad_data', error, data });
  return { status: 400, headers, body };
}
