// What `inspectPath` says of a file or directory in the simulated file system.

import { type InspectLine, inspectPath } from '../../storage/index.ts';
import type { MemoryFileSystem } from '../sim/memory-fs.ts';
import { createSimEnv } from '../sim/sim-env.ts';

export async function linesOf(
  fs: MemoryFileSystem,
  path: string,
  verify = true,
): Promise<InspectLine[]> {
  const lines: InspectLine[] = [];
  for await (const line of inspectPath(path, createSimEnv(fs), { verify })) lines.push(line);
  return lines;
}

export const textOf = (lines: readonly InspectLine[]) => lines.map(({ text }) => text).join('\n');
export const oddities = (lines: readonly InspectLine[]) =>
  lines.filter(({ kind }) => kind !== 'fact');
