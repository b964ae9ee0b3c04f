import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatFloat, formatJson, formatShort } from '../../query/float.ts';

const float = suite('query/float');

/** The value, then how Go's 'f', the HTTP API and %g write it. */
const FORMS: readonly (readonly [number, string, string, string])[] = [
  [0, '0', '0', '0'],
  [-0, '-0', '-0', '-0'],
  [1.5, '1.5', '1.5', '1.5'],
  [-1e-7, '-0.0000001', '-1e-07', '-1e-07'],
  [1.25e-6, '0.00000125', '0.00000125', '1.25e-06'],
  [1e21, '1000000000000000000000', '1e+21', '1e+21'],
  [1.5e300, `15${'0'.repeat(299)}`, '1.5e+300', '1.5e+300'],
  [
    123456789012345680000,
    '123456789012345680000',
    '123456789012345680000',
    '1.2345678901234568e+20',
  ],
  [5e-324, `0.${'0'.repeat(323)}5`, '5e-324', '5e-324'],
  [NaN, 'NaN', 'NaN', 'NaN'],
  [Infinity, '+Inf', '+Inf', '+Inf'],
  [-Infinity, '-Inf', '-Inf', '-Inf'],
];

for (const [value, plain, json, short] of FORMS) {
  float(`writes ${Object.is(value, -0) ? '-0' : value} as Go does`, () => {
    assert.is(formatFloat(value), plain);
    assert.is(formatJson(value), json);
    assert.is(formatShort(value), short);
  });
}

float.run();
