import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptionError } from '../../../storage/errors.ts';
import {
  addToBloom,
  bloomMayContain,
  createBloomFilter,
  decodeBloom,
  encodeBloom,
} from '../../../storage/sstable/bloom.ts';

const bloom = suite('storage/sstable/bloom');

bloom('has 9.6 bits a key and 7 probes for one false positive in a hundred', () => {
  const filter = createBloomFilter(10_000, 0.01);
  assert.is(filter.bits.length, Math.ceil(95_851 / 8));
  assert.is(filter.probes, 7);
});

for (const rate of [0.001, 0.01, 0.1]) {
  bloom(`keeps every key and lets about ${rate} of others through`, () => {
    const keys = 20_000;
    const filter = createBloomFilter(keys, rate);
    for (let id = 1; id <= keys; id++) addToBloom(filter, id * 3);
    for (let id = 1; id <= keys; id++) assert.ok(bloomMayContain(filter, id * 3));
    let passed = 0;
    const tries = 100_000;
    for (let i = 1; i <= tries; i++) if (bloomMayContain(filter, i * 3 + 1)) passed++;
    assert.ok(passed / tries < rate * 1.3, `${passed} of ${tries}`);
    assert.ok(passed / tries > rate * 0.7, `${passed} of ${tries}`);
  });
}

bloom('has nothing when it is empty', () => {
  const filter = createBloomFilter(0, 0.01);
  assert.not(bloomMayContain(filter, 1));
});

bloom('comes back from its bytes', () => {
  const filter = createBloomFilter(100, 0.01);
  addToBloom(filter, 5);
  assert.equal(decodeBloom(encodeBloom(filter), 'test', 0), filter);
  assert.throws(
    () => decodeBloom(Uint8Array.of(0, 1), 'test', 0),
    (error: unknown) => error instanceof CorruptionError,
  );
});

bloom.run();
