import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { applyEdit, EMPTY_STATE } from '../../../storage/manifest/edit.ts';
import { runsOf } from '../../../storage/series/series-runs.ts';
import {
  pickRewrite,
  spentTombstones,
  type TombstonedTable,
} from '../../../storage/tombstones/picker.ts';
import { policyMeta, tableMeta } from '../../support/manifest.ts';

const picker = suite('storage/tombstones/picker');

function table(number: number, sequence: number, hiddenShare: number): TombstonedTable {
  return { meta: tableMeta(number, { sizeBytes: 1000 }), sequence, hiddenShare };
}

/** Table, sequence of the oldest tombstone over it, hidden share; up to which, live; the pick. */
const CASES: readonly (readonly [
  string,
  readonly TombstonedTable[],
  { readonly upTo: number; readonly tombstones: number },
  number | undefined,
])[] = [
  ['nothing', [], { upTo: 0, tombstones: 1 }, undefined],
  ['no table that has little to lose', [table(1, 9, 0.2)], { upTo: 0, tombstones: 1 }, undefined],
  ['one that is hidden by a quarter', [table(1, 9, 0.25)], { upTo: 0, tombstones: 1 }, 1],
  [
    'the one that gives back most',
    [table(1, 9, 0.3), table(2, 9, 0.6), table(3, 9, 0.5)],
    { upTo: 0, tombstones: 1 },
    2,
  ],
  [
    'what is asked for, whatever the share',
    [table(1, 9, 0.01), table(2, 12, 0.2)],
    { upTo: 10, tombstones: 2 },
    1,
  ],
  ['any when tombstones are many', [table(1, 9, 0)], { upTo: 0, tombstones: 257 }, 1],
];

for (const [name, tables, wish, want] of CASES) {
  picker(`picks ${name}`, () => assert.is(pickRewrite(tables, wish)?.number, want));
}

picker('a tombstone is spent once no table has anything that it may hide', () => {
  const tombstones = [20, 21, 22].map((sequence) => ({
    sequence,
    startMs: 7_200_000,
    endMs: 8_000_000 + sequence,
    series: runsOf(Uint32Array.of(sequence === 22 ? 11 : 5)),
  }));
  const state = applyEdit(EMPTY_STATE, {
    policies: [policyMeta],
    addTables: [tableMeta(1), tableMeta(2), tableMeta(30)],
    addTombstones: tombstones,
    cleaned: [{ number: 1, sequence: 21 }],
  });
  assert.equal(spentTombstones(state), [22], 'its series lies in no table');
  const cleaned = applyEdit(state, { cleaned: [{ number: 2, sequence: 20 }] });
  assert.equal(spentTombstones(cleaned), [20, 22]);
  const removed = applyEdit(state, { removeTables: [2] });
  assert.equal(spentTombstones(removed), [20, 21, 22], 'table 30 is newer than all of them');
});

picker.run();
