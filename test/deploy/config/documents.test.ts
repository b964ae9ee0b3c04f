import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { configDocuments } from '../../../deploy/config/documents.ts';
import { keyReferences } from '../../../deploy/config/reference.ts';
import { configText, parseConfig } from '../../../deploy/config.ts';

const documents = suite('deploy/config/documents');

for (const [path, text] of configDocuments()) {
  documents(`${path} is what make docs would write`, () => {
    assert.is(readFileSync(path, 'utf8'), text);
  });
}

documents('a default of the reference is the default of the config', () => {
  const result = parseConfig('', '');
  assert.ok(result.ok);
  const inForce = configText(result.config);
  for (const { key, fallback } of keyReferences().filter((one) => !one.key.includes('[]'))) {
    const value = key.split('.').reduce<unknown>((at, name) => (at as never)[name], inForce);
    assert.equal(normal(value), normal(fallback), key);
  }
});

/** An optional key of a list's item may be left out. */
function normal(value: unknown): string {
  return JSON.stringify(value, (_, one) => (one === null ? undefined : one));
}

documents.run();
