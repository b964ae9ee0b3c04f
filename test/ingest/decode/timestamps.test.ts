import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { convertTimestamps } from '../../../ingest/decode/timestamps.ts';

const timestamps = suite('ingest/decode/timestamps');
const TWO_53 = 2n ** 53n;

function convert(...column: bigint[]) {
  const doubles = new Float64Array(BigInt64Array.from(column).buffer);
  const span = convertTimestamps(doubles);
  return { ...span, doubles: [...doubles] };
}

const EDGES: [bigint, boolean][] = [
  [0n, true],
  [-1n, true],
  [TWO_53 - 1n, true],
  [TWO_53, true],
  [TWO_53 + 1n, false],
  [TWO_53 + 2n, false],
  [-TWO_53, true],
  [-TWO_53 - 1n, false],
  [2n ** 63n - 1n, false],
  [-(2n ** 63n), false],
  [4_294_967_295n, true],
  [-4_294_967_296n, true],
];

for (const [timestamp, inside] of EDGES) {
  timestamps(`${timestamp} is ${inside ? 'within' : 'beyond'} +-2^53`, () => {
    const { doubles, outOfRange } = convert(timestamp);
    assert.is(outOfRange, inside ? 0 : 1);
    assert.is(Object.is(doubles[0], inside ? Number(timestamp) : Number.NaN), true);
  });
}

timestamps('agrees with BigInt on any int64', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (column) => {
      const { doubles, minMs, maxMs, outOfRange } = convert(...column);
      const isInside = (t: bigint) => t >= -TWO_53 && t <= TWO_53;
      const inside = column.filter(isInside).map(Number);
      assert.equal(
        doubles,
        column.map((t) => (isInside(t) ? Number(t) : Number.NaN)),
      );
      assert.is(outOfRange, column.length - inside.length);
      assert.is(minMs, Math.min(...inside));
      assert.is(maxMs, Math.max(...inside));
    }),
    { seed: 20_260_103 },
  );
});

timestamps.run();
