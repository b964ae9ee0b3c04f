import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createDictionary } from '../../ingest/dictionary.ts';

const dictionary = suite('ingest/dictionary');

dictionary('behaves as a map, whatever refs the client chooses', () => {
  const ref = fc.oneof(fc.nat(10), fc.nat(3000), fc.integer({ min: 0, max: 0xffffffff }));
  fc.assert(
    fc.property(fc.array(fc.tuple(ref, fc.integer({ min: 1, max: 1e6 }))), (definitions) => {
      const refs = createDictionary(10_000);
      const model = new Map(definitions);
      for (const [key, id] of definitions) refs.define(key, id);
      assert.is(refs.size(), model.size);
      const column = Uint32Array.from(model.keys());
      assert.is(refs.lookUp(column), Math.max(0, ...model.values()));
      assert.equal([...column], [...model.values()]);
    }),
    { seed: 20_260_104 },
  );
});

dictionary('names the ref that has no definition', () => {
  const refs = createDictionary(10);
  refs.define(3, 1);
  assert.throws(() => refs.lookUp(Uint32Array.of(3, 4)), /ref 4 has no definition/);
  assert.throws(() => refs.lookUp(Uint32Array.of(0)), /ref 0 has no definition/);
  assert.throws(() => refs.lookUp(Uint32Array.of(0xffffffff)), /ref 4294967295/);
});

dictionary('holds no more refs than it may; redefining one is not another', () => {
  const refs = createDictionary(2);
  refs.define(1, 1);
  refs.define(4_000_000_000, 2);
  refs.define(1, 3);
  refs.define(4_000_000_000, 4);
  assert.is(refs.size(), 2);
  assert.throws(
    () => refs.define(5, 1),
    (error: { code: string }) => error.code === 'RESOURCE_EXHAUSTED',
  );
  assert.is(refs.lookUp(Uint32Array.of(1, 4_000_000_000)), 4);
});

dictionary.run();
