import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeContainer, encodeContainer } from '../../../storage/tag-index/container.ts';
import {
  difference,
  intersect,
  intersects,
  type Postings,
  union,
} from '../../../storage/tag-index/postings.ts';
import { property } from '../../support/seed.ts';

const postings = suite('storage/tag-index/postings');

const listOf = (id: fc.Arbitrary<number>, maxLength: number) =>
  fc
    .uniqueArray(id, { maxLength, size: 'max' })
    .map((ids): Postings => Uint32Array.from(ids).sort());
/** Dense and sparse, short and long, up to the largest id. */
const list = fc.oneof(
  listOf(fc.integer({ min: 1, max: 40 }), 20),
  listOf(fc.integer({ min: 1, max: 2000 }), 600),
  listOf(fc.integer({ min: 1, max: 2 ** 32 - 1 }), 300),
  listOf(fc.integer({ min: 2 ** 32 - 500, max: 2 ** 32 - 1 }), 300),
);

const sorted = (ids: Iterable<number>) => [...ids].sort((a, b) => a - b);

postings('the algebra of two lists is that of sets', () => {
  fc.assert(
    fc.property(list, list, (a, b) => {
      const inB = new Set(b);
      const both = [...a].filter((id) => inB.has(id));
      assert.equal([...intersect(a, b)], both);
      assert.equal([...intersect(b, a)], both);
      assert.is(intersects(a, b), both.length > 0);
      assert.equal(
        [...difference(a, b)],
        [...a].filter((id) => !inB.has(id)),
      );
      assert.equal([...union([a, b])], sorted(new Set([...a, ...b])));
    }),
    property(100),
  );
});

postings('the union of many lists has each id once', () => {
  fc.assert(
    fc.property(fc.array(list, { maxLength: 6 }), (lists) => {
      assert.equal([...union(lists)], sorted(new Set(lists.flatMap((ids) => [...ids]))));
    }),
    property(100),
  );
});

const COUNTS = [1, 2, 512, 4095, 4096, 65_536];
for (const count of COUNTS) {
  postings(`a container of ${count} ids comes back as it was`, () => {
    for (const container of [0, 1, 65_535]) {
      const step = Math.floor(65_536 / count);
      const ids = Uint32Array.from({ length: count }, (_, i) => container * 65_536 + i * step);
      const bytes = encodeContainer(ids);
      assert.is(bytes.length === 8192, count >= 4096, 'the length tells the kind');
      assert.equal(decodeContainer(bytes, container), ids);
    }
  });
}

postings('a container of any ids comes back as it was', () => {
  fc.assert(
    fc.property(listOf(fc.nat(65_535), 5000), fc.nat(65_535), (low, container) => {
      if (low.length === 0) return;
      const ids = low.map((id) => container * 65_536 + id);
      assert.equal([...decodeContainer(encodeContainer(ids), container)], [...ids]);
    }),
    property(50),
  );
});

postings.run();
