// Metas for tests of the manifest, each with its own number and otherwise unremarkable.

import type { IndexTableMeta, PolicyMeta, TableMeta } from '../../storage/manifest/edit.ts';

export function tableMeta(number: number, fields: Partial<TableMeta> = {}): TableMeta {
  return {
    kind: 'points',
    number,
    policyId: 1,
    windowStartMs: 7_200_000,
    windowEndMs: 14_400_000,
    sizeBytes: 1000 + number,
    minTimestampMs: 7_200_000,
    maxTimestampMs: 9_000_000,
    firstSeries: 1,
    lastSeries: 10,
    seriesCount: 9,
    pointCount: 100,
    sequence: number,
    ...fields,
  };
}

export function indexMeta(number: number, fields: Partial<IndexTableMeta> = {}): IndexTableMeta {
  return {
    number,
    level: 0,
    sizeBytes: 2000 + number,
    entryCount: 5,
    firstKey: Uint8Array.of(1, number),
    lastKey: Uint8Array.of(2, number),
    sequence: number,
    ...fields,
  };
}

export const policyMeta: PolicyMeta = { id: 1, name: 'p', windowMs: 7_200_000, keepMs: 86_400_000 };
