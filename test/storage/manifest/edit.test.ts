import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  applyEdit,
  applyToDraft,
  createDraft,
  type Edit,
  EMPTY_STATE,
  editMistake,
  snapshotEdit,
  type Tombstone,
} from '../../../storage/manifest/edit.ts';
import { runsOf } from '../../../storage/series/series-runs.ts';
import { indexMeta, policyMeta, tableMeta } from '../../support/manifest.ts';

const edit = suite('storage/manifest/edit');

function tombstone(sequence: number): Tombstone {
  return { sequence, startMs: 0, endMs: 10, series: runsOf(Uint32Array.of(1, 2, 5)) };
}

const BASE = applyEdit(EMPTY_STATE, {
  policies: [policyMeta],
  addTables: [tableMeta(1), tableMeta(2)],
  addIndexTables: [indexMeta(3)],
  addTombstones: [tombstone(4)],
  cleaned: [{ number: 2, sequence: 4 }],
  walSegment: 4,
  nextFileNumber: 5,
  nextSeriesId: 11,
  clean: false,
});

edit('an edit leaves the state before it as it was', () => {
  const next = applyEdit(BASE, { removeTables: [1], addTables: [tableMeta(6)], clean: true });
  assert.equal([...next.tables.keys()], [2, 6]);
  assert.equal([...BASE.tables.keys()], [1, 2]);
  assert.equal([next.clean, BASE.clean], [true, false]);
  assert.is(next.indexTables, BASE.indexTables, 'what it does not touch is shared');
});

edit('an empty edit changes nothing', () => assert.equal(applyEdit(BASE, {}), BASE));

edit('a known policy takes new values', () => {
  const next = applyEdit(BASE, { policies: [{ ...policyMeta, keepMs: Infinity }] });
  assert.is(next.policies.get(1)?.keepMs, Infinity);
  assert.is(BASE.policies.get(1)?.keepMs, policyMeta.keepMs);
});

edit('an index table moves to another level within one edit', () => {
  const moved = indexMeta(3, { level: 1 });
  const next = applyEdit(BASE, { removeIndexTables: [3], addIndexTables: [moved] });
  assert.is(next.indexTables.get(3)?.level, 1);
});

edit('what is noted of a table goes with it', () => {
  const next = applyEdit(BASE, { removeTables: [2] });
  assert.is(next.cleaned.size, 0);
  assert.is(BASE.cleaned.get(2), 4);
});

edit('what is noted of tables goes with the last tombstone', () => {
  const both = applyEdit(BASE, { addTombstones: [tombstone(6)] });
  const one = applyEdit(both, { removeTombstones: [4] });
  assert.is(one.cleaned.get(2), 4);
  assert.is(applyEdit(one, { removeTombstones: [6] }).cleaned.size, 0);
});

edit('a snapshot makes the same state out of nothing', () => {
  assert.equal(applyEdit(EMPTY_STATE, snapshotEdit(BASE)), BASE);
});

edit('a draft folds as single edits do', () => {
  const edits: Edit[] = [
    snapshotEdit(BASE),
    { removeTables: [2], addTables: [tableMeta(7)] },
    { addIndexTables: [indexMeta(8)], removeIndexTables: [3], nextSeriesId: 20 },
    { addTombstones: [tombstone(9)], cleaned: [{ number: 7, sequence: 9 }] },
    { removeTombstones: [4] },
  ];
  const draft = createDraft();
  for (const each of edits) applyToDraft(draft, each);
  assert.equal({ ...draft }, edits.reduce(applyEdit, EMPTY_STATE));
});

const MISTAKES: [string, Edit][] = [
  ['removes a table that is not there', { removeTables: [9] }],
  ['removes an index table that is not there', { removeIndexTables: [9] }],
  ['adds a table twice', { addTables: [tableMeta(1)] }],
  ['adds an index table twice', { addIndexTables: [indexMeta(3)] }],
  ['adds a table of an unknown policy', { addTables: [tableMeta(9, { policyId: 2 })] }],
  ['removes a tombstone that is not there', { removeTombstones: [9] }],
  ['adds a tombstone twice', { addTombstones: [tombstone(4)] }],
  ['cleans a table that is not there', { cleaned: [{ number: 9, sequence: 4 }] }],
  ['takes the WAL backwards', { walSegment: 3 }],
  ['gives file numbers twice', { nextFileNumber: 4 }],
  ['gives series ids twice', { nextSeriesId: 10 }],
];
for (const [name, mistaken] of MISTAKES) {
  edit(`an edit that ${name} is a mistake`, () => {
    assert.type(editMistake(BASE, mistaken), 'string');
    assert.throws(() => applyEdit(BASE, mistaken), /invariant/);
  });
}

edit.run();
