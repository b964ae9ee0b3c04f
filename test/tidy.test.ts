// The style guide that runs. Each rule is held against the repository, where it must find nothing,
// and against a bad example, where it must find exactly one thing.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type RepoFile, type Rule, readRepo } from './tidy/file.ts';
import { generateProto, staleGeneratedFiles } from './tidy/generated.ts';
import {
  onlyNodeEnvTouchesTheOutside,
  relativeImportsNameTheFile,
  roomsAreEnteredByTheDoor,
  roomsFollowTheArrows,
  storageIsBuiltInFloors,
} from './tidy/imports.ts';
import {
  dependenciesAreUsed,
  dependenciesHaveReasons,
  lockFileNamesNoHost,
  topLevelIsTheCard,
  versionsAreExact,
} from './tidy/packages.ts';
import {
  everySuiteRuns,
  filesStayShort,
  hooksAreHeard,
  linesFitTheScreen,
  noDefaultExports,
  noMachinePaths,
  noTestRunsAlone,
  nothingIsLeftOpen,
  requestsLeaveNothing,
  testsMirrorSources,
} from './tidy/text.ts';

const tidy = suite('tidy');

/** This file runs as dist/test/tidy.test.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const repo = readRepo(root);

/** `path: text` of a small repository. */
type Example = Readonly<Record<string, string>>;

function importing(specifier: string): string {
  return `import { thing } from '${specifier}';\n`;
}

const RULES: readonly {
  readonly name: string;
  readonly rule: Rule;
  readonly good: Example;
  readonly bad: readonly Example[];
}[] = [
  {
    name: 'rooms import only along the arrows',
    rule: roomsFollowTheArrows,
    good: {
      'deploy/a.ts': importing('../query/index.ts') + importing('node:fs'),
      'test/a.test.ts': importing('../deploy/config.ts'),
    },
    bad: [
      { 'storage/wal/a.ts': importing('../../query/index.ts') },
      { 'ingest/a.ts': `export type {\n  A,\n  B,\n} from '../query/index.ts';\n` },
      { 'query/a.ts': `const late = await import(${"'../deploy/main.ts'"});\n` },
      { 'storage/a.ts': importing('../test/support/b.ts') },
    ],
  },
  {
    name: 'a room is entered only through its index.ts',
    rule: roomsAreEnteredByTheDoor,
    good: {
      'query/a.ts': importing('../storage/index.ts') + importing('./b.ts'),
      'test/query/a.test.ts': importing('../../query/b.ts'),
    },
    bad: [{ 'query/a.ts': importing('../storage/series/labels.ts') }],
  },
  {
    name: 'storage is built in floors',
    rule: storageIsBuiltInFloors,
    good: {
      'storage/wal/a.ts': importing('../coding/b.ts') + importing('./c.ts'),
      'storage/env/node-env.ts': importing('../workers/pool.ts'),
    },
    bad: [
      { 'storage/sstable/a.ts': importing('../engine.ts') },
      { 'storage/env/env.ts': importing('./node-env.ts') },
      { 'storage/attic/a.ts': '' },
    ],
  },
  {
    name: 'only node-env.ts touches files, clocks and timers in storage',
    rule: onlyNodeEnvTouchesTheOutside,
    good: {
      'storage/env/node-env.ts': `${importing('node:fs/promises')}Date.now();\n`,
      'storage/workers/pool.ts': importing('node:worker_threads'),
      'storage/a.ts': `${importing('node:zlib')}// not Date.now()\n`,
      'deploy/a.ts': importing('node:fs'),
    },
    bad: [
      { 'storage/a.ts': importing('node:fs') },
      { 'storage/a.ts': 'const now = Date.now();\n' },
      { 'storage/a.ts': "const text = 'a'; setTimeout(run, 1); // later\n" },
      { 'storage/wal/a.ts': importing('node:worker_threads') },
    ],
  },
  {
    name: 'relative imports end in .ts',
    rule: relativeImportsNameTheFile,
    good: { 'query/a.ts': importing('./b.ts') + importing('uvu') },
    bad: [{ 'query/a.ts': importing('./b') }, { 'query/a.ts': importing('./c.mjs') }],
  },
  {
    name: 'there are no default exports',
    rule: noDefaultExports,
    good: { 'query/a.ts': 'export const a = 1;\n' },
    bad: [{ 'query/a.ts': 'export default 1;\n' }, { 'query/a.ts': 'export { a as default };\n' }],
  },
  {
    name: 'objects of the doors have no getter or generator of their own',
    rule: requestsLeaveNothing,
    good: {
      'ingest/a.ts': 'class A {\n  get size() {\n  }\n}\nfunction* b() {}\n',
      'query/a.ts': '  return {\n    get size() {\n',
    },
    bad: [
      { 'ingest/a.ts': '  return {\n    get size() {\n' },
      { 'ingest/a.ts': 'function a() {\n  async function* b() {}\n}\n' },
      { 'ingest/a.ts': '  return {\n    *ids() {\n' },
    ],
  },
  {
    name: 'no test is left to run alone',
    rule: noTestRunsAlone,
    good: { 'test/a.test.ts': "one('is a sentence', () => {});\n" },
    bad: [{ 'test/a.test.ts': `one.${'only'}('is a sentence', () => {});\n` }],
  },
  {
    name: 'every suite is run',
    rule: everySuiteRuns,
    good: { 'test/a.test.ts': "const a = suite('a');\na.run();\n" },
    bad: [
      { 'test/a.test.ts': "const a = suite('a');\n" },
      { 'test/a.test.ts': "const a = suite('a');\nconst b = suite<{ c: 1 }>('b');\nb.run();\n" },
      { 'test/a.test.ts': '' },
    ],
  },
  {
    name: 'errors of hooks are heard',
    rule: hooksAreHeard,
    good: {
      'test/a.test.ts': "import { suite } from './support/suite.ts';\na.before(() => {});\n",
      'test/b.test.ts': "import { suite } from 'uvu';\nb('is a sentence', () => {});\n",
    },
    bad: [{ 'test/a.test.ts': "import { suite } from 'uvu';\na.before.each(() => {});\n" }],
  },
  {
    name: 'tests mirror their sources',
    rule: testsMirrorSources,
    good: {
      'storage/wal/reader.ts': '',
      'test/storage/wal/reader.test.ts': '',
      'test/storage/sstable/reader.test.ts': '',
      'test/storage/all-of-it.test.ts': '',
      'test/e2e/reader.test.ts': '',
    },
    bad: [{ 'storage/wal/reader.ts': '', 'test/storage/reader.test.ts': '' }],
  },
  {
    name: 'lines have at most 100 columns',
    rule: linesFitTheScreen,
    good: { 'query/a.ts': 'ä'.repeat(100), 'proto/gen/a.ts': 'a'.repeat(101) },
    bad: [{ 'query/a.ts': 'a'.repeat(101) }],
  },
  {
    name: 'files stay short',
    rule: filesStayShort,
    good: { 'query/a.ts': '\n'.repeat(350), 'test/a.ts': '\n'.repeat(350) },
    bad: [{ 'query/a.ts': '\n'.repeat(351) }, { 'test/a.test.ts': '\n'.repeat(351) }],
  },
  {
    name: 'nothing is left open',
    rule: nothingIsLeftOpen,
    good: { 'query/a.ts': '// methodology, prefixme\n' },
    bad: [{ 'query/a.ts': `// ${'TO'}${'DO'}: later\n` }, { 'README.md': `${'FIX'}${'ME'}\n` }],
  },
  {
    name: 'there are no paths of one machine',
    rule: noMachinePaths,
    good: {
      Makefile: 'SHELL := /bin/bash\n',
      'README.md': `see storage/${'work'}/a.md, https://a/${'home'}/b\n`,
    },
    bad: [{ 'query/a.ts': `const a = '/${'home'}/me/varve';\n` }],
  },
  {
    name: 'the top level is the card',
    rule: topLevelIsTheCard,
    good: { 'storage/a.ts': '', Makefile: '', '.ci/run': '' },
    bad: [{ 'src/a.ts': '' }, { 'notes.md': '' }],
  },
  {
    name: 'versions are exact',
    rule: versionsAreExact,
    good: { 'package.json': '{"dependencies":{"a":"1.2.3"},"devDependencies":{"b":"1.0.0-rc.1"}}' },
    bad: [
      { 'package.json': '{"dependencies":{"a":"^1.2.3"}}' },
      { 'package.json': '{"devDependencies":{"a":"latest"}}' },
      { 'package.json': '{"overrides":{"a":"~1.2.3"}}' },
    ],
  },
  {
    name: 'every dependency is used',
    rule: dependenciesAreUsed,
    good: {
      'package.json': `{
        "dependencies": {"@a/b": "1.0.0", "peer": "1.0.0"},
        "devDependencies": {"typescript": "1.0.0", "@types/node": "1.0.0"}
      }`,
      'package-lock.json': '{"packages":{"node_modules/@a/b":{"peerDependencies":{"peer":"1"}}}}',
      'query/a.ts': importing('@a/b/c.js'),
      Makefile: '\t$(BIN)/tsc -p .\n',
    },
    bad: [
      { 'package.json': '{"dependencies":{"a":"1.0.0"}}', 'query/a.ts': importing('a-b') },
      { 'package.json': '{"devDependencies":{"typescript":"1.0.0"}}', Makefile: '' },
    ],
  },
  {
    name: 'every dependency has its reason in CONTRIBUTING.md',
    rule: dependenciesHaveReasons,
    good: {
      'package.json': '{"dependencies":{"a":"1.0.0"}}',
      'CONTRIBUTING.md': '| package |\n| `a`     | does what we would do worse  |\n',
    },
    bad: [
      { 'package.json': '{"dependencies":{"a":"1.0.0"}}', 'CONTRIBUTING.md': '' },
      { 'package.json': '{"dependencies":{"a":"1.0.0"}}', 'CONTRIBUTING.md': '| `a` |  |\n' },
      { 'package.json': '{}', 'CONTRIBUTING.md': '| `a` | does nothing any more |\n' },
    ],
  },
  {
    name: 'the lock file names no host',
    rule: lockFileNamesNoHost,
    good: { 'package-lock.json': '{"packages":{"node_modules/a":{"version":"1.0.0"}}}' },
    bad: [{ 'package-lock.json': '{"packages":{"node_modules/a":{"resolved":"https://a.b/c"}}}' }],
  },
];

for (const { name, rule, good, bad } of RULES) {
  tidy(name, () => nothingFound(rule(repo)));

  tidy(`${name}: the rule tells good from bad`, () => {
    nothingFound(rule(filesOf(good)));
    for (const example of bad) {
      const found = rule(filesOf(example));
      assert.is(found.length, 1, `${JSON.stringify(example)} gave ${JSON.stringify(found)}`);
    }
  });
}

tidy('generated code is fresh', () => {
  const generated = generateProto(root);
  assert.ok(generated.length > 0);
  nothingFound(staleGeneratedFiles(repo, generated));
});

tidy('generated code is fresh: the rule tells good from bad', () => {
  const fresh = filesOf({ 'proto/gen/a.ts': 'a' });
  nothingFound(staleGeneratedFiles([...fresh, ...filesOf({ 'proto/a.proto': '' })], fresh));
  for (const example of [{}, { 'proto/gen/a.ts': 'b' }]) {
    assert.is(staleGeneratedFiles(filesOf(example), fresh).length, 1);
  }
  assert.is(staleGeneratedFiles(fresh, []).length, 1);
});

function filesOf(example: Example): RepoFile[] {
  return Object.entries(example).map(([path, text]) => ({ path, text }));
}

function nothingFound(found: readonly string[]): void {
  assert.is(found.length, 0, `\n${found.join('\n')}`);
}

tidy.run();
