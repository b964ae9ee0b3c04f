// How far an import is, on a terminal.

import { Presets, SingleBar } from 'cli-progress';
import type { Output } from '../commands/world.ts';

export interface Progress {
  /** `readBytes` of the files so far, as they lie on the disk. */
  update(readBytes: number, points: number): void;
  stop(): void;
}

const BAR = ' {bar} {percentage}% | {points} points | {eta_formatted} left';
/** Of stdin nobody knows how much there is. */
const COUNT = ' {points} points | {duration_formatted}';

/** Draws nothing unless `output` is a terminal; `totalBytes` undefined: nobody knows. */
export function createProgress(output: Output, totalBytes: number | undefined): Progress {
  if (output.isTTY !== true) return { update() {}, stop() {} };
  const bar = new SingleBar(
    {
      stream: output as NodeJS.WritableStream,
      format: totalBytes === undefined ? COUNT : BAR,
      clearOnComplete: true,
      hideCursor: true,
      fps: 5,
    },
    Presets.shades_classic,
  );
  bar.start(totalBytes ?? 1, 0, { points: '0' });
  return {
    update: (readBytes, points) => {
      const value = totalBytes === undefined ? 0 : readBytes;
      bar.update(value, { points: points.toLocaleString('en-US') });
    },
    stop: () => bar.stop(),
  };
}
