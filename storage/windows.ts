// Windows as their owner sees them: what is on disk, by window, and the way to let go of it.

import type { Catalog } from './catalog.ts';
import type { Core } from './core.ts';
import type { WindowInfo } from './types.ts';
import type { WindowTables } from './version.ts';

/** Every window with a table, by policy, then start. */
export function windowInfos(catalog: Catalog): WindowInfo[] {
  return catalog.version.parts.windows.map((window) => describe(window, catalog));
}

/**
 * Drops whole windows: one edit, then the files go with their last reader. Points of them that are
 * still in memory come back with their flush, to be dropped by the next sweep.
 */
export async function dropWindows(
  { catalog, counters, settings }: Core,
  keys: readonly string[],
): Promise<readonly WindowInfo[]> {
  let dropped: WindowInfo[] = [];
  await catalog.apply(() => {
    const windows = catalog.version.parts.windows.filter((window) => keys.includes(keyOf(window)));
    if (windows.length === 0) return undefined;
    dropped = windows.map((window) => describe(window, catalog));
    const tables = windows.flatMap((window) => window.tables);
    return { removeTables: tables.map(({ meta }) => meta.number) };
  });
  counters.windowsDropped += dropped.length;
  for (const window of dropped) settings.listener.windowDropped?.(window);
  return dropped;
}

function keyOf({ policyId, startMs, endMs }: WindowTables): string {
  return `${policyId}/${startMs}_${endMs}`;
}

function describe(window: WindowTables, { state }: Catalog): WindowInfo {
  const { policyId, startMs, endMs, tables } = window;
  const { name, keepMs, windowMs } = state.policies.get(policyId)!;
  const sum = (figure: (meta: (typeof tables)[number]['meta']) => number) =>
    tables.reduce((total, { meta }) => total + figure(meta), 0);
  return {
    key: keyOf(window),
    policy: { name, keepMs, windowMs },
    startMs,
    endMs,
    tables: tables.length,
    points: sum((meta) => meta.pointCount),
    series: sum((meta) => meta.seriesCount),
    sizeBytes: sum((meta) => meta.sizeBytes),
  };
}
