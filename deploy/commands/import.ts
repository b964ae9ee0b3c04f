// varve import: files, or stdin, to a running server; portion by portion, so that whatever happens
// in between there is a line to go on from.

import { FORMATS, type Format, type FormatOptions, formatOf } from '../transfer/formats.ts';
import { portionsOf } from '../transfer/portions.ts';
import { createProgress, type Progress } from '../transfer/progress.ts';
import { createSender, type Sender } from '../transfer/sender.ts';
import { openSource, type Source, totalBytes } from '../transfer/source.ts';
import { isSystemError, systemReason, UserError } from '../user-error.ts';
import type { World } from './world.ts';

export interface ImportOptions extends FormatOptions {
  readonly http: string;
  /** Default: as the name of each file says. */
  readonly format?: string;
  /** Of the first file; those before were stored the last time. */
  readonly fromLine: number;
  /** Lines at the start of each file that are left out. */
  readonly headerLines: number;
}

/** Problems that are told one by one; the others are counted. */
const TOLD_MAX = 10;

interface Tally {
  lines: number;
  /** Those that answers have counted: to line protocol none does. */
  points: number;
  /** Portions of which not everything was stored; the first are told, once there is no bar. */
  problems: number;
  readonly told: string[];
  /** Read of the files before the one at hand. */
  readBytes: number;
}

/** Rejects with UserError, exit code 1, when anything was not stored. */
export async function importFiles(
  files: readonly string[],
  options: ImportOptions,
  world: World,
): Promise<void> {
  const { stdout, stderr } = world;
  const formats = files.map((file) => chosenFormat(options.format) ?? formatOf(file));
  const total = totalBytes(files);
  const stopped = new AbortController();
  const senders = formats.map((format) =>
    createSender(options.http, format, options, stopped.signal),
  );
  const releaseSignal = world.onSignal('SIGINT', () => {
    stopped.abort(new UserError('interrupted'));
  });
  const progress = createProgress(stderr, total);
  const tally: Tally = { lines: 0, points: 0, problems: 0, told: [], readBytes: 0 };
  try {
    for (const [i, file] of files.entries()) {
      const fromLine = Math.max(options.headerLines + 1, i === 0 ? options.fromLine : 1);
      const source = openSource(file, world, stopped.signal);
      await importFile({ file, source, fromLine }, senders[i]!, progress, tally);
    }
  } finally {
    progress.stop();
    releaseSignal();
    for (const problem of tally.told) stderr.write(`varve: ${problem}\n`);
  }
  const points = formats.includes('influx') ? '' : `${counted(tally.points, 'point')} from `;
  stdout.write(`imported ${points}${counted(tally.lines, 'line')}\n`);
  if (tally.problems === 0) return;
  const untold = tally.problems - TOLD_MAX;
  const more = untold > 0 ? ` ${counted(untold, 'more portion')} had such lines;` : '';
  throw new UserError(`not everything could be stored:${more} all other points are`);
}

async function importFile(
  { file, source, fromLine }: { file: string; source: Source; fromLine: number },
  sender: Sender,
  progress: Progress,
  tally: Tally,
): Promise<void> {
  let nextLine = fromLine;
  try {
    for await (const portion of portionsOf(source.chunks, fromLine)) {
      const { accepted, problem } = await sender.send(portion);
      nextLine = portion.firstLine + portion.lines;
      tally.lines += portion.lines;
      tally.points += accepted ?? 0;
      if (problem !== undefined && tally.problems++ < TOLD_MAX) {
        tally.told.push(`${file}: ${problem}`);
      }
      progress.update(tally.readBytes + source.readBytes(), tally.points);
    }
    tally.readBytes += source.readBytes();
  } catch (error) {
    const { message, exitCode } = failureOf(error);
    const resume = `go on with --from-line ${nextLine}, this file first`;
    throw new UserError(
      nextLine === 1 ? `${file}: ${message}` : `${file}: ${message}; ${resume}`,
      exitCode,
      { cause: error },
    );
  }
}

/** Of the server, of the disk, or of what is compressed. */
function failureOf(error: unknown): Pick<UserError, 'message' | 'exitCode'> {
  if (error instanceof UserError) return error;
  if (isSystemError(error)) return { message: systemReason(error), exitCode: 1 };
  return { message: `cannot be read: ${(error as Error).message}`, exitCode: 1 };
}

function chosenFormat(text: string | undefined): Format | undefined {
  if (text === undefined) return undefined;
  const format = FORMATS.find((known) => known === text);
  if (format !== undefined) return format;
  throw new UserError(`--format is one of ${FORMATS.join(', ')}, not ${text}`, 2);
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
