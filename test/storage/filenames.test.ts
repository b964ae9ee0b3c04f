import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type FileKind,
  fileName,
  fileNumbers,
  indexTablePath,
  manifestPath,
  parseFileName,
  parsePolicyDirName,
  parseWindowDirName,
  tablePath,
  walPath,
} from '../../storage/filenames.ts';

const filenames = suite('storage/filenames');

filenames('paths are laid out as documented', () => {
  const place = { number: 12, policyId: 3, windowStartMs: -7_200_000, windowEndMs: 0 };
  assert.is(tablePath('d', { ...place, kind: 'points' }), 'd/windows/3/-7200000_0/000012.sst');
  assert.is(tablePath('d', { ...place, kind: 'events' }), 'd/windows/3/-7200000_0/000012.evt');
  assert.is(walPath('d', 7), 'd/wal/000007.wal');
  assert.is(manifestPath('d', 1), 'd/manifest/000001.manifest');
  assert.is(indexTablePath('d', 1_234_567), 'd/tag-index/1234567.idx');
});

filenames('what is made is parsed', () => {
  for (const kind of ['manifest', 'wal', 'table', 'events', 'index'] satisfies FileKind[]) {
    for (const number of [1, 999_999, 1_000_000, 2 ** 40]) {
      assert.equal(parseFileName(fileName(kind, number)), { kind, number });
    }
  }
});

for (const name of [
  '1.wal',
  '000001.log',
  '0000001.wal',
  '000001.wal~',
  'x000001.wal',
  '',
  'LOCK',
]) {
  filenames(`'${name}' is not a file of ours`, () => assert.is(parseFileName(name), undefined));
}

filenames('directories of windows and policies are parsed strictly', () => {
  assert.equal(parseWindowDirName('-7200000_0'), { startMs: -7_200_000, endMs: 0 });
  assert.equal(parseWindowDirName('0_3600000'), { startMs: 0, endMs: 3_600_000 });
  for (const name of ['0_0', '5_1', '-0_1', '01_2', '1', '1_2_3', 'a_b', '']) {
    assert.is(parseWindowDirName(name), undefined, name);
  }
  assert.is(parsePolicyDirName('12'), 12);
  for (const name of ['0', '012', '-1', 'x', '']) assert.is(parsePolicyDirName(name), undefined);
});

filenames('numbers sort as numbers', () => {
  const names = ['1000000.wal', '000002.wal', '000010.wal', '000003.sst', 'junk'];
  assert.equal(fileNumbers(names, 'wal'), [2, 10, 1_000_000]);
});

filenames.run();
