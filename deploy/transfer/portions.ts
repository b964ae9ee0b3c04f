// A file as portions of whole lines, each small enough to be sent again when it has to be.

/**
 * Less than the server stores at once (65,536 points), so that a portion is stored whole or not at
 * all when points per second are limited. A longer line is a portion of its own.
 */
const PORTION_BYTES = 512 * 1024;
const NEWLINE = 0x0a;

export interface Portion {
  readonly bytes: Buffer;
  /** Number of its first line in the file, from 1. */
  readonly firstLine: number;
  readonly lines: number;
}

/** Leaves out the lines before `fromLine`. The last line of a file may lack its newline. */
export async function* portionsOf(
  chunks: AsyncIterable<Buffer>,
  fromLine: number,
  portionBytes = PORTION_BYTES,
): AsyncGenerator<Portion> {
  let line = 1;
  let pieces: Buffer[] = [];
  let size = 0;
  const take = (): Portion => {
    const bytes = Buffer.concat(pieces, size);
    const portion = { bytes, firstLine: line, lines: countLines(bytes) };
    line += portion.lines;
    pieces = [];
    size = 0;
    return portion;
  };
  for await (const chunk of chunks) {
    let rest = chunk;
    while (line < fromLine && rest.length > 0) {
      const end = rest.indexOf(NEWLINE) + 1;
      if (end > 0) line++;
      rest = end > 0 ? rest.subarray(end) : rest.subarray(rest.length);
    }
    const end = rest.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      pieces.push(rest.subarray(0, end));
      size += end;
      if (size >= portionBytes) yield take();
    }
    if (end === rest.length) continue;
    pieces.push(rest.subarray(end));
    size += rest.length - end;
  }
  if (size > 0) yield take();
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return bytes[bytes.length - 1] === NEWLINE ? lines : lines + 1;
}
