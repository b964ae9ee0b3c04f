import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { asBytes, copyFloat64s, copyUint32s } from '../../../storage/coding/columns.ts';

const columns = suite('storage/coding/columns');

columns('numbers come back bit for bit from any offset', () => {
  const bits = BigUint64Array.of(0x7ff0_0000_0000_0002n, 1n << 63n, 0xfff8_dead_beef_0001n, 1n);
  const source = asBytes(new Float64Array(bits.buffer));
  for (let offset = 0; offset < 9; offset++) {
    const bytes = new Uint8Array(offset + source.length + 3);
    bytes.set(source, offset);
    const copy = copyFloat64s(bytes, offset, 4);
    assert.equal(new BigUint64Array(copy.buffer), bits);
    const halves = new Uint32Array(bits.buffer);
    assert.equal(copyUint32s(bytes, offset, 8), halves);
  }
});

columns('the bytes of a part of a column are that part', () => {
  const part = Uint32Array.of(1, 2, 3).subarray(1, 2);
  assert.equal([...asBytes(part)], [2, 0, 0, 0]);
});

columns.run();
