// Golden directories as they are checked in: test/golden/vN/data, and next to it the points that
// must come out, one series a line.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createMemoryFileSystem, type MemoryFileSystem } from '../sim/memory-fs.ts';
import type { Contents, GoldenDirectory } from './golden-directory.ts';

/** Compiled tests lie in dist/test/golden. */
const GOLDEN = join(import.meta.dirname, '../../../test/golden');

export function goldenVersions(): string[] {
  return readdirSync(GOLDEN)
    .filter((name) => /^v\d+$/.test(name))
    .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}

/** A copy of the data directory of `version`, as `data`. */
export function readGoldenData(version: string): MemoryFileSystem {
  const fs = createMemoryFileSystem();
  const root = join(GOLDEN, version);
  for (const entry of readdirSync(join(root, 'data'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    fs.plant(path.slice(root.length + 1), new Uint8Array(readFileSync(path)));
  }
  return fs;
}

export function readGoldenContents(version: string): Contents {
  const text = readFileSync(contentsPath(version), 'utf8');
  const lines = text.trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [labels, points] = JSON.parse(line) as [unknown, [number, string][]];
      return [
        JSON.stringify(labels),
        points.map(([timestampMs, bits]): [number, bigint] => [timestampMs, BigInt(`0x${bits}`)]),
      ];
    }),
  );
}

/** Lines of all events; none of a version that had none. */
export function readGoldenEvents(version: string): readonly string[] {
  const path = eventsPath(version);
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
}

export async function writeGolden(
  version: string,
  { fs, contents, events }: GoldenDirectory,
): Promise<void> {
  const root = join(GOLDEN, version);
  rmSync(root, { recursive: true, force: true });
  await copyOut(fs, 'data', root);
  const lines = [...contents].map(([labels, points]) => {
    const written = points.map(([timestampMs, bits]) => [timestampMs, bits.toString(16)]);
    return `[${labels},${JSON.stringify(written)}]\n`;
  });
  writeFileSync(contentsPath(version), lines.sort().join(''));
  writeFileSync(eventsPath(version), events.map((line) => `${line}\n`).join(''));
}

async function copyOut(fs: MemoryFileSystem, path: string, root: string): Promise<void> {
  for (const name of await fs.list(path)) {
    const child = `${path}/${name}`;
    if ((await fs.size(child)) === undefined) await copyOut(fs, child, root);
    else {
      mkdirSync(dirname(join(root, child)), { recursive: true });
      writeFileSync(join(root, child), fs.bytesOf(child));
    }
  }
}

function eventsPath(version: string): string {
  return join(GOLDEN, version, 'events.jsonl');
}

function contentsPath(version: string): string {
  return join(GOLDEN, version, 'contents.jsonl');
}
