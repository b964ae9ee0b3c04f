// Prometheus's own scripts, from beside the project or from $VARVE_CONFORMANCE; they are not copied
// into it. Without them there is nothing to run, which is said.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runScript } from '../support/run-promql-script.ts';

const conformance = suite('query/conformance');

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const folder = process.env['VARVE_CONFORMANCE'] ?? join(root, '../shared/conformance');
const scripts = existsSync(folder)
  ? readdirSync(folder).filter((name) => name.endsWith('.test'))
  : [];

if (scripts.length === 0) conformance.skip(`no scripts in ${folder}`, () => {});

for (const script of scripts) {
  conformance(`evaluates ${script} as Prometheus does`, async () => {
    const outcomes = await runScript(readFileSync(join(folder, script), 'utf8'));
    const failed = outcomes.filter(({ status }) => status === 'failed');
    const skipped = outcomes.filter(({ status }) => status === 'skipped');
    const passed = outcomes.length - failed.length - skipped.length;
    console.log(`${script}: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
    for (const { name } of skipped) console.log(`  skipped, native histograms: ${name}`);
    for (const { name, message } of failed) console.log(`  failed: ${name}\n     ${message}`);
    assert.ok(passed > 0);
    assert.is(failed.length, 0, failed.map(({ name }) => name).join('\n'));
  });
}

conformance.run();
