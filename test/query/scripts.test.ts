// Our own cases in the language of promqltest: anyone can add one under test/scripts/query/.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runScript } from '../support/run-promql-script.ts';

const scripts = suite('query/scripts');

// The compiler copies no scripts, so they are read from beside the sources.
const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../test/scripts/query');

for (const name of readdirSync(folder).filter((file) => file.endsWith('.test'))) {
  scripts(`evaluates ${name} as it says`, async () => {
    const outcomes = await runScript(readFileSync(join(folder, name), 'utf8'));
    const failed = outcomes.filter(({ status }) => status !== 'passed');
    for (const { name: where, message } of failed) console.log(`${name}:${where}\n     ${message}`);
    assert.ok(outcomes.length > 0);
    assert.is(failed.length, 0, failed.map(({ name: where }) => where).join('\n'));
  });
}

scripts.run();
