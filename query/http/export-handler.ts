// GET /api/v1/export?match[]=...&start=&end=: raw points as JSON lines, and behind them events, as
// fast as they are read.
// The memory of an export follows a slice of the scan, whatever it selects and whoever reads it.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ScanRequest, Storage } from '../../storage/index.ts';
import { QueryError } from '../errors.ts';
import { damageRemark } from '../eval/annotations.ts';
import { createGate, type Gate } from '../gate.ts';
import { toQueryError } from './errors.ts';
import type { Answer, Handler, RouteContext } from './handler.ts';
import { PIECE_CHARS, remarksJson } from './json.ts';
import { eventLines, jsonLines } from './json-lines.ts';
import { ALL_TIME, rangeParameter } from './parameters.ts';

/**
 * Exports have a gate of their own, as wide as that of queries: they last as long as their readers
 * like, and must not keep dashboards waiting.
 */
export function createExportHandler({ limits }: Pick<RouteContext, 'limits'>): Handler {
  const gate = createGate(limits);
  return async (context, { parameters, signal }): Promise<Answer> => {
    const texts = parameters.getAll('match[]');
    if (texts.length === 0) throw new QueryError('bad_data', 'no match[] parameter provided');
    const range = rangeParameter(parameters) ?? ALL_TIME;
    const selectors = context.catalog.selectors(texts);
    const pieces = exportPieces(gate, context.storage, { selectors, ...range, signal });
    // A reader that leaves before the first piece is asked for would leave its place taken.
    signal.addEventListener('abort', () => void pieces.return(), { once: true });
    // What goes wrong before there is a piece is answered in words.
    return afterFirst(await pieces.next(), pieces, context.onError);
  };
}

/** What fails from here on cuts the answer off, so that nobody takes it for a whole one. */
async function* afterFirst(
  first: IteratorResult<string, void>,
  rest: AsyncGenerator<string, void>,
  onError: (error: unknown) => void,
): AsyncGenerator<string> {
  if (first.done === true) return;
  try {
    yield first.value;
    yield* rest;
  } catch (error) {
    if (toQueryError(error).kind === 'internal') onError(error);
    throw error;
  } finally {
    await rest.return();
  }
}

/** Damaged blocks are passed over, and told of in a last line: {"warnings":[...]}. */
async function* exportPieces(
  gate: Gate,
  storage: Pick<Storage, 'scan' | 'scanEvents'>,
  request: ScanRequest & { readonly signal: AbortSignal },
): AsyncGenerator<string, void> {
  const leave = await enter(gate, request.signal);
  try {
    const damages = new Set<string>();
    const onCorruption = ({ message }: Error) => damages.add(damageRemark(message));
    const { startMs, endMs, ...what } = { ...request, onCorruption };
    const points = storage.scan({ ...what, startMs, endMs, withoutEvents: true });
    yield* piecesOf(points, function* (batch) {
      for (const series of batch) yield* jsonLines(series);
    });
    const range = { start: { ms: startMs, nanos: 0 }, end: { ms: endMs, nanos: 0 } };
    yield* piecesOf(storage.scanEvents({ ...what, ...range }), eventLines);
    if (damages.size > 0) yield `{${remarksJson('warnings', [...damages]).slice(1)}}\n`;
  } finally {
    leave();
  }
}

/** Waits for a place, and resolves with how to give it back. */
function enter(gate: Gate, signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    gate.run(signal, () => new Promise<void>((leave) => resolve(leave))).catch(reject);
  });
}

async function* piecesOf<Batch>(
  batches: AsyncIterable<Batch>,
  linesOf: (batch: Batch) => Iterable<string>,
): AsyncGenerator<string, void> {
  let piece = '';
  for await (const batch of batches) {
    for (const line of linesOf(batch)) {
      piece += line;
      if (piece.length < PIECE_CHARS) continue;
      yield piece;
      piece = '';
      // A fast reader takes whatever is there: others have a turn in between.
      await nextTurn();
    }
  }
  if (piece !== '') yield piece;
}
