import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PostingLists } from '../../../storage/tag-index/posting-lists.ts';
import { property } from '../../support/seed.ts';

const lists = suite('storage/tag-index/posting-lists');

lists('each list has what was added to it, however the adding was mixed', () => {
  const gap = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 300 }), fc.nat(2 ** 20));
  const additions = fc.array(fc.record({ list: fc.nat(12), gap }), { maxLength: 3000 });
  fc.assert(
    fc.property(additions, (added) => {
      const postings = new PostingLists();
      const model = new Map<number, number[]>();
      let id = 0;
      for (const { list, gap } of added) {
        id += gap + 1;
        postings.add(list, id);
        model.set(list, [...(model.get(list) ?? []), id]);
      }
      for (let list = 0; list <= 13; list++) {
        assert.equal([...postings.read(list)], model.get(list) ?? []);
        assert.is(postings.countOf(list), model.get(list)?.length ?? 0);
      }
    }),
    property(50),
  );
});

lists('ids go up to the largest there is', () => {
  const postings = new PostingLists();
  const ids = [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2];
  for (const id of ids) postings.add(0, id);
  assert.equal([...postings.read(0)], ids);
});

lists('a million neighbours take about a byte each', () => {
  const postings = new PostingLists();
  for (let id = 1; id <= 1_000_000; id++) postings.add(id % 3, id);
  assert.is(postings.read(1).length, 333_334);
  assert.is(postings.read(1).at(-1), 1_000_000);
  assert.ok(postings.memoryBytes < 1_300_000, `${postings.memoryBytes} B`);
});

lists.run();
