// Windows as their owner sees them: what is on disk, by window, and the way to let go of it.

import type { Core } from '../core.ts';
import type { Env } from '../env/env.ts';
import { StorageError } from '../errors.ts';
import { manifestPath } from '../filenames.ts';
import { currentManifest } from '../manifest/current.ts';
import type { ManifestState, TableMeta } from '../manifest/edit.ts';
import { replayManifest } from '../manifest/log.ts';
import { droppedWith, reachOfDrop } from '../rollups/marks.ts';
import type { WindowInfo } from '../types.ts';

/** Every window with a table, by policy id, then start. */
export function windowsOf(state: ManifestState): WindowInfo[] {
  const groups = new Map<string, TableMeta[]>();
  for (const table of state.tables.values()) {
    const key = keyOf(table);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [table]);
    else group.push(table);
  }
  return [...groups.values()].sort(byPlace).map((tables) => describe(tables, state));
}

/** The windows that the manifest of `dir` names: nothing is written, no lock is taken. */
export async function readWindows(dir: string, { fs }: Env): Promise<readonly WindowInfo[]> {
  const current = await currentManifest(dir, fs);
  if (current === undefined) {
    throw new StorageError('INVALID_ARGUMENT', `${dir} is not a data directory of varve`);
  }
  const { state } = await replayManifest(manifestPath(dir, current), fs);
  return windowsOf(state);
}

/** Whether memtables may have points of the windows `keys`, or of steps made before they go. */
export function mayBeInMemory({ catalog }: Core, keys: readonly string[]): boolean {
  const { sealed, active } = catalog.version.parts;
  const generations = [...sealed, active];
  const wanted = new Set(keys);
  return windowsOf(catalog.state)
    .filter(({ key }) => wanted.has(key))
    .map((window) => reachOfDrop(window, catalog.state))
    .some((range) => generations.some((generation) => generation.meets(range)));
}

/**
 * Drops whole windows: one edit, then the files go with their last reader. Points of them that are
 * still in memory are not concerned.
 */
export async function dropWindows(
  { catalog, counters, settings }: Core,
  keys: readonly string[],
): Promise<readonly WindowInfo[]> {
  const wanted = new Set(keys);
  let dropped: WindowInfo[] = [];
  await catalog.apply((state) => {
    dropped = windowsOf(state).filter(({ key }) => wanted.has(key));
    const tables = [...state.tables.values()].filter((table) => wanted.has(keyOf(table)));
    if (tables.length === 0) return undefined;
    return { removeTables: tables.map(({ number }) => number), ...droppedWith(dropped, state) };
  });
  counters.windowsDropped += dropped.length;
  for (const window of dropped) settings.listener.windowDropped?.(window);
  return dropped;
}

function keyOf({ policyId, windowStartMs, windowEndMs }: TableMeta): string {
  return `${policyId}/${windowStartMs}_${windowEndMs}`;
}

function byPlace([a]: readonly TableMeta[], [b]: readonly TableMeta[]): number {
  return (
    a!.policyId - b!.policyId ||
    a!.windowStartMs - b!.windowStartMs ||
    a!.windowEndMs - b!.windowEndMs
  );
}

function describe(tables: readonly TableMeta[], state: ManifestState): WindowInfo {
  const [first] = tables;
  const { name, keepMs, windowMs, rollup } = state.policies.get(first!.policyId)!;
  const sum = (figure: (table: TableMeta) => number) =>
    tables.reduce((total, table) => total + figure(table), 0);
  return {
    key: keyOf(first!),
    policy: { name, keepMs, windowMs },
    ...(rollup !== undefined && { rollupMs: rollup.everyMs }),
    startMs: first!.windowStartMs,
    endMs: first!.windowEndMs,
    tables: tables.length,
    points: sum((table) => table.pointCount),
    series: sum((table) => table.seriesCount),
    sizeBytes: sum((table) => table.sizeBytes),
  };
}
