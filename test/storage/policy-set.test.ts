import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodePolicySet, encodePolicySet } from '../../storage/policy-set.ts';

const policySet = suite('storage/policy-set');

const set = { version: 7, publishedMs: 1_763_829_000_123, text: 'retention: {}\n' };

policySet('is a head and the text as it is', () => {
  assert.match(encodePolicySet(set), /^7 1763829000123 [0-9a-f]{8}\nretention: \{\}\n$/);
});

policySet('what is written is read', () => {
  const count = fc.integer({ min: 1, max: 1e14 });
  const property = fc.property(count, count, fc.string({ unit: 'binary' }), (version, ms, text) => {
    const one = { version, publishedMs: ms, text };
    assert.equal(decodePolicySet(encodePolicySet(one)), one);
  });
  fc.assert(property, { seed: 7 });
});

policySet('a changed character is noticed', () => {
  const content = encodePolicySet(set);
  for (let at = 0; at < content.length; at++) {
    const changed = `${content.slice(0, at)}~${content.slice(at + 1)}`;
    assert.is(decodePolicySet(changed), undefined, `at ${at}`);
  }
  assert.is(decodePolicySet(content.slice(0, -1)), undefined);
  assert.is(decodePolicySet(''), undefined);
});

policySet.run();
