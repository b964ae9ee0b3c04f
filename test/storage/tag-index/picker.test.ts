import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { IndexTableMeta } from '../../../storage/manifest/edit.ts';
import {
  type Compaction,
  type LevelLimits,
  levelsOf,
  pickCompaction,
  pickFullCompaction,
} from '../../../storage/tag-index/picker.ts';

const picker = suite('storage/tag-index/picker');

const LIMITS: LevelLimits = { levelZeroTables: 3, levelOneBytes: 100, ratio: 10 };

/** `a-c:40` is a table with the keys a to c and 40 bytes; its number is its place in the text. */
function levels(text: string): IndexTableMeta[][] {
  let number = 0;
  const tables: IndexTableMeta[] = [];
  for (const [level, line] of text.split('|').entries()) {
    for (const word of line.trim().split(/\s+/).filter(Boolean)) {
      const [, first, last, size] = /^(\w+)-(\w+):(\d+)$/.exec(word)!;
      number++;
      tables.push({
        number,
        level,
        sizeBytes: Number(size),
        entryCount: 1,
        firstKey: Buffer.from(first!),
        lastKey: Buffer.from(last!),
        sequence: number,
      });
    }
  }
  return levelsOf(tables);
}

interface Case {
  readonly name: string;
  /** Level 0 | level 1 | ... */
  readonly levels: string;
  readonly cursors?: readonly (string | undefined)[];
  /** level: inputs > overlapping, and `drop` when tombstones may go. */
  readonly want: string | undefined;
}

const CASES: Case[] = [
  { name: 'nothing for an empty index', levels: '', want: undefined },
  { name: 'nothing below the count of level 0', levels: 'a-z:900 a-z:900', want: undefined },
  {
    name: 'all of level 0, newest first, at its count',
    levels: 'a-c:1 x-z:1 b-d:1',
    want: '0: 3 2 1 > drop',
  },
  {
    name: 'with the tables of level 1 that overlap any of them',
    levels: 'd-e:1 d-f:1 q-q:1 | a-c:1 e-g:1 h-p:1 q-z:1',
    want: '0: 3 2 1 > 5 7 drop',
  },
  {
    name: 'keys that touch at an end overlap',
    levels: 'c-d:1 c-d:1 c-d:1 | a-c:1 d-e:1 f-g:1',
    want: '0: 3 2 1 > 4 5 drop',
  },
  {
    name: 'tombstones stay while a deeper level overlaps what is merged',
    levels: 'd-e:1 d-e:1 d-e:1 | a-f:1 | b-b:1',
    want: '0: 3 2 1 > 4',
  },
  {
    name: 'tombstones go when deeper levels have other keys',
    levels: 'd-e:1 d-e:1 d-e:1 | d-f:1 | a-b:1 x-z:1',
    want: '0: 3 2 1 > 4 drop',
  },
  {
    name: 'nothing for a level 1 just below its bytes',
    levels: '| a-b:50 c-d:49',
    want: undefined,
  },
  {
    name: 'the first table of a level 1 that is full',
    levels: '| a-b:50 c-d:50 | a-a:1 b-c:1 d-d:1',
    want: '1: 1 > 3 4 drop',
  },
  {
    name: 'the table behind the cursor',
    levels: '| a-b:50 c-d:50 | a-a:1 b-c:1 d-d:1',
    cursors: [undefined, 'b'],
    want: '1: 2 > 4 5 drop',
  },
  {
    name: 'the first again once the cursor is behind the last',
    levels: '| a-b:50 c-d:50',
    cursors: [undefined, 'd'],
    want: '1: 1 > drop',
  },
  {
    name: 'level 2 at ten times the bytes of level 1',
    levels: '| a-b:99 | a-b:500 c-d:500 | c-d:1',
    want: '2: 2 > drop',
  },
  {
    name: 'the level with the highest score',
    levels: 'a-b:1 a-b:1 a-b:1 | a-b:300',
    want: '1: 4 > drop',
  },
  {
    name: 'the upper of two levels with one score',
    levels: 'a-b:1 a-b:1 a-b:1 | c-d:100',
    want: '0: 3 2 1 > drop',
  },
];

for (const { name, levels: text, cursors, want } of CASES) {
  picker(`picks ${name}`, () => {
    const keys = (cursors ?? []).map((key) => (key === undefined ? undefined : Buffer.from(key)));
    assert.is(described(pickCompaction(levels(text), LIMITS, keys)), want);
  });
}

function described(pick: Compaction | undefined): string | undefined {
  if (pick === undefined) return undefined;
  const numbers = (tables: readonly IndexTableMeta[]) => tables.map(({ number }) => number);
  return [
    `${pick.level}:`,
    ...numbers(pick.inputs),
    '>',
    ...numbers(pick.overlapping),
    ...(pick.dropTombstones ? ['drop'] : []),
  ].join(' ');
}

const FULL_CASES: readonly [levels: string, want: string | undefined][] = [
  ['', undefined],
  ['| | a-c:1 d-z:1', undefined],
  ['a-z:1', '0: 1 > drop'],
  ['| a-c:1 d-f:1 | b-e:1 x-z:1', '1: 1 > 3 drop'],
  ['| a-c:1 d-f:1 | b-e:1 | c-d:1', '1: 1 > 3'],
];

for (const [text, want] of FULL_CASES) {
  picker(`a full compaction of "${text}" goes on with ${want ?? 'nothing'}`, () => {
    assert.is(described(pickFullCompaction(levels(text))), want);
  });
}

picker.run();
