// Data directories that the engine wrote, with several files of every kind.

import { type FileKind, parseFileName } from '../../storage/filenames.ts';
import {
  type Matcher,
  openStorage,
  type PolicySet,
  type Storage,
  type StorageOptions,
} from '../../storage/index.ts';
import type { MemoryFileSystem } from '../sim/memory-fs.ts';
import { createRng } from '../sim/rng.ts';
import { createSimEnv } from '../sim/sim-env.ts';
import { appendPoints, labels } from './storage.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);

const TWO_POLICIES: PolicySet = {
  policies: [
    { name: 'dev', keepMs: HOUR_MS, windowMs: HOUR_MS },
    { name: 'default', keepMs: Number.POSITIVE_INFINITY, windowMs: 2 * HOUR_MS },
  ],
  policyOf: (ofSeries) => (ofSeries.some(({ value }) => value.endsWith('7')) ? 0 : 1),
};

export interface Sample {
  readonly name: 'closed' | 'killed';
  readonly fs: MemoryFileSystem;
  readonly options: StorageOptions;
}

/** The directory `data`: closed cleanly, and killed twice since then with points in its log. */
export async function writeSamples(): Promise<readonly Sample[]> {
  const options: StorageOptions = {
    policies: TWO_POLICIES,
    memtable: { bytesMax: 2 ** 20 },
    index: { levelZeroTables: 2, levelOneBytes: 2048, tableBytes: 512 },
  };
  const { fs } = createSimEnv();
  const first = await openStorage('data', createSimEnv(fs), options);
  for (const seed of [1, 2]) {
    await writeRandomly(first, seed, 10);
    await first.flush();
  }
  await first.compact();
  // Too little for a table to be written again: it stays hidden.
  const some: Matcher = { name: 'series', type: '=~', value: 'series-1.' };
  await first.deletePoints([[some]], { startMs: START_MS, endMs: START_MS + HOUR_MS });
  await first.close();
  const closed = fs.killClone();
  const later = await openStorage('data', createSimEnv(fs), options);
  await writeRandomly(later, 3, 10);
  await later.flush();
  await writeRandomly(later, 4, 3);
  const killed = fs.killClone();
  const restarted = await openStorage('data', createSimEnv(killed), options);
  await writeRandomly(restarted, 5, 3);
  const killedAgain = killed.killClone();
  await later.close();
  await restarted.close();
  return [
    { name: 'closed', fs: closed, options },
    { name: 'killed', fs: killedAgain, options },
  ];
}

export interface SampleFile {
  readonly path: string;
  /** Undefined: CURRENT. */
  readonly kind: FileKind | undefined;
  readonly isLog: boolean;
}

/** Every file below `path` but the lock, which holds nothing. */
export async function filesBelow(path: string, fs: MemoryFileSystem): Promise<SampleFile[]> {
  const found: SampleFile[] = [];
  for (const name of await fs.list(path)) {
    const child = `${path}/${name}`;
    const kind = parseFileName(name)?.kind;
    const size = await fs.size(child);
    if (size === undefined) found.push(...(await filesBelow(child, fs)));
    // An empty segment was prepared for what has not come yet.
    else if (!['LOCK', 'RESERVE'].includes(name) && !(kind === 'wal' && size === 0)) {
      found.push({ path: child, kind, isLog: kind === 'wal' || kind === 'manifest' });
    }
  }
  return found;
}

async function writeRandomly(storage: Storage, seed: number, batches: number): Promise<void> {
  const rng = createRng(seed);
  for (let batch = 0; batch < batches; batch++) {
    const points = Array.from({ length: 1 + rng.below(60) }, () => ({
      labels: labels('metric', `series-${rng.below(120)}`),
      timestampMs: START_MS + rng.below(14_400) * 1000,
      value: rng.chance(0.1) ? Number.NaN : rng.below(1000) / 10,
    }));
    await appendPoints(storage, points);
  }
}
