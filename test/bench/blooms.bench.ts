// How often Bloom filters say "maybe" of what is not there: measured on tables as they are on
// disk, next to what m and k promise.

import { encodeLabels } from '../../storage/series/labels-codec.ts';
import { openTable } from '../../storage/sstable/reader.ts';
import { createTableBuilder } from '../../storage/sstable/writer.ts';
import { filterHash, labelsKeyOf } from '../../storage/tag-index/keys.ts';
import { createRng } from '../sim/rng.ts';
import { createIndexLab } from '../support/index-lab.ts';
import { joinBytes, memoryFile } from '../support/memory-file.ts';
import { toLabels } from '../support/write-requests.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';

const KEYS = numberOption('series', 50_000);
const TRIES = 1_000_000;
/** What the profiles write_heavy, balanced and read_heavy give the tag index. */
const BITS_PER_KEY = [8, 10, 14];

interface Outcome {
  readonly filter: string;
  readonly bitsPerKey: number;
  readonly probes: number;
  /** Shares of what is not there. */
  readonly computed: number;
  readonly measured: number;
}

const outcomes = [await ofPoints(), ...(await Promise.all(BITS_PER_KEY.map(ofIndex)))];
const worst = outcomes.reduce((a, b) => (ratioOf(b) > ratioOf(a) ? b : a));

writeReport({
  name: 'blooms',
  title: 'Bloom filters',
  headline: [
    'Measured false positives are at most',
    `${figure(ratioOf(worst))} times those computed (${worst.filter}).`,
  ].join(' '),
  about: [
    `Filters out of tables with ${figure(KEYS)} series: of a table of`,
    `points by series id, ids with`,
    'random gaps, and of a table of the tag index by label set, at the bits a key of each profile.',
    'The tag index keeps label pairs in the same filter. *Computed* is (1 - e^(-kn/m))^k;',
    `*measured* is the share of ${figure(TRIES)} lookups of what is not`,
    `there that it lets through:`,
    'each of these costs a read.',
  ].join(' '),
  columns: ['filter', 'bits a key', 'probes', 'computed', 'measured', 'measured / computed'],
  rows: outcomes.map((outcome) => [
    outcome.filter,
    outcome.bitsPerKey,
    outcome.probes,
    outcome.computed,
    outcome.measured,
    ratioOf(outcome),
  ]),
});

function ratioOf({ measured, computed }: Outcome): number {
  return measured / computed;
}

/** (1 - e^(-kn/m))^k, for m/n bits a key and k probes. */
function computedRate(bitsPerKey: number, probes: number): number {
  return (1 - Math.exp(-probes / bitsPerKey)) ** probes;
}

async function ofPoints(): Promise<Outcome> {
  const rng = createRng(1);
  const ids = new Set<number>();
  while (ids.size < KEYS) ids.add(1 + rng.below(KEYS * 8));
  const builder = createTableBuilder({ policyId: 1, windowStartMs: 0, windowEndMs: 1000 });
  for (const id of [...ids].sort((a, b) => a - b)) {
    builder.add(id, Float64Array.of(1), Float64Array.of(id), 0, 1);
  }
  builder.finish();
  const table = await openTable(memoryFile(joinBytes(builder.drain())), 'bench');
  let passed = 0;
  for (let tries = 0; tries < TRIES; ) {
    const id = 1 + rng.below(2 ** 31);
    if (ids.has(id)) continue;
    tries++;
    if (table.mayContain(id)) passed++;
  }
  const { bits, probes } = table.bloom;
  const bitsPerKey = (bits.length * 8) / KEYS;
  return {
    filter: 'points, by series id',
    bitsPerKey,
    probes,
    computed: computedRate(bitsPerKey, probes),
    measured: passed / TRIES,
  };
}

async function ofIndex(bitsPerKey: number): Promise<Outcome> {
  const lab = createIndexLab(2 ** 20, bitsPerKey);
  for (let k = 0; k < KEYS; k++) lab.add(labelsOf(k));
  lab.seal();
  await lab.flush();
  const [{ table } = { table: undefined }] = lab.tables.values();
  let passed = 0;
  for (let k = KEYS; k < KEYS + TRIES; k++) {
    const hash = filterHash(labelsKeyOf(encodeLabels(labelsOf(k))))!;
    if (table!.mayContain(hash)) passed++;
  }
  const probes = Math.round(bitsPerKey * Math.LN2);
  return {
    filter: 'tag index, by label set',
    bitsPerKey,
    probes,
    computed: computedRate(bitsPerKey, probes),
    measured: passed / TRIES,
  };
}

function labelsOf(k: number) {
  return toLabels({ __name__: 'up', instance: `10.0.${k >> 8}.${k & 255}:9100`, job: 'node' });
}
