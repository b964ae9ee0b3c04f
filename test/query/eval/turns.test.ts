import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nextTurn } from '../../../query/eval/turns.ts';

const turns = suite('query/eval/turns');

turns(
  'lets one go on in each turn of the event loop, in the order in which they asked',
  async () => {
    const seen: string[] = [];
    const take = async (name: string) => {
      for (let turn = 1; turn <= 2; turn++) {
        await nextTurn();
        seen.push(`${name}${turn}`);
      }
    };
    const all = Promise.all(['a', 'b', 'c'].map(take));
    for (let i = 0; i < 6; i++) {
      await new Promise(setImmediate);
      assert.ok(seen.length <= i + 1, `${seen} after ${i + 1} turns`);
    }
    await all;
    assert.equal(seen, ['a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
  },
);

turns.run();
