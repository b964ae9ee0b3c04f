// Rules that can be seen in the text of one file.

import { matchingLines, type RepoFile, type Rule, sources, tests, written } from './file.ts';

const COLUMNS_MAX = 100;
const LINES_MAX = 350;
/** Spelled in halves, for this file obeys its own rules. */
const LEFT_OPEN = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`);
const HOMES = ['home', 'root', 'Users', 'work'].join('|');
const MACHINE_PATH = new RegExp(`(?:^|[\\s'"\`(=:])/(?:${HOMES})/[\\w.-]`);
const ROOMS = ['proto', 'storage', 'retention', 'ingest', 'query', 'deploy'];

export const noDefaultExports: Rule = (files) =>
  each(sources(files), /^export default\b|^export \{[^}]*\bas default\b/, () => {
    return 'is a default export; export it by its name';
  });

/**
 * Of a getter, or a generator, of an object that is made for each request V8 keeps all that it can
 * reach until the next full collection: see CONTRIBUTING.md. Classes have theirs once.
 */
export const requestsLeaveNothing: Rule = (files) =>
  each(
    sources(files).filter(({ path }) => path.startsWith('ingest/')),
    /^ {4,}get \w+\(\)|^ {2,}(?:async )?function\*|^ {4,}(?:async )?\*\w/,
    () => 'is made for each object anew; make the getter a field, the generator a function outside',
  );

export const noTestRunsAlone: Rule = (files) =>
  each(tests(files), /\.only\(/, () => 'leaves all other tests of the file out; remove it');

export const everySuiteRuns: Rule = (files) =>
  tests(files).flatMap(({ path, text }) => {
    const suites = [...text.matchAll(/^const (\w+) = suite(?:<[^(]*>)?\(/gm)].map(
      ([, name]) => name,
    );
    if (suites.length === 0) return [`${path}: has no suite; uvu would pass it without a test`];
    return suites
      .filter((name) => !new RegExp(`^${name}\\.run\\(\\);$`, 'm').test(text))
      .map((name) => `${path}: ${name} never runs; end the file with ${name}.run();`);
  });

export const hooksAreHeard: Rule = (files) =>
  tests(files).flatMap(({ path, text }) => {
    const hasHooks = /^\w+\.(?:before|after)(?:\.each)?\(/m.test(text);
    if (!hasHooks || !/^import .*\bsuite\b.* from 'uvu';$/m.test(text)) return [];
    return [`${path}: uvu swallows errors of its hooks; take suite from test/support/suite.ts`];
  });

/** A test named after a source does not stop in a folder above the source's. */
export const testsMirrorSources: Rule = (files) => {
  const paths = new Set(sources(files).map(({ path }) => path));
  return tests(files).flatMap(({ path }) => {
    const mirrored = path.replace(/^test\//, '').replace(/\.test\.ts$/, '.ts');
    const [room] = mirrored.split('/');
    if (!ROOMS.includes(room!) || paths.has(mirrored)) return [];
    const folder = mirrored.slice(0, mirrored.lastIndexOf('/') + 1);
    const name = mirrored.slice(folder.length);
    const homes = [...paths].filter((own) => own.startsWith(folder) && own.endsWith(`/${name}`));
    if (homes.length === 0) return [];
    const right = homes.map((own) => `test/${own.replace(/\.ts$/, '.test.ts')}`).join(' or ');
    return [`${path}: its source lies elsewhere; move it to ${right}`];
  });
};

export const linesFitTheScreen: Rule = (files) =>
  sources(files).flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => {
      const columns = [...line].length;
      if (columns <= COLUMNS_MAX) return [];
      return [`${path}:${i + 1}: has ${columns} columns; break it at ${COLUMNS_MAX}`];
    }),
  );

export const filesStayShort: Rule = (files) =>
  sources(files).flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1;
    if (lines <= LINES_MAX) return [];
    return [`${path}: has ${lines} lines; split it by concept, ${LINES_MAX} are the most`];
  });

export const nothingIsLeftOpen: Rule = (files) =>
  each(
    written(files),
    LEFT_OPEN,
    (found) => `says ${found}; do it, or open an issue and remove the word`,
  );

export const noMachinePaths: Rule = (files) =>
  each(written(files), MACHINE_PATH, (found) => {
    return `has a path of one machine (${found.trim()}...); make it relative`;
  });

function each(
  files: readonly RepoFile[],
  pattern: RegExp,
  complain: (found: string) => string,
): string[] {
  return files.flatMap(({ path, text }) =>
    matchingLines(text, pattern).map(({ line, found }) => `${path}:${line}: ${complain(found)}`),
  );
}
