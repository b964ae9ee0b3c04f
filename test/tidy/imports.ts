// Who may import whom: proto <- storage <- retention, ingest, query <- deploy.

import {
  importsOf,
  matchingLines,
  type RepoFile,
  type Rule,
  resolveImport,
  sources,
  withoutComments,
} from './file.ts';

const REACH: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  storage: ['proto'],
  retention: ['storage'],
  ingest: ['proto', 'storage'],
  query: ['proto', 'storage'],
  deploy: ['proto', 'storage', 'retention', 'ingest', 'query'],
};

/** Floors of storage from the ground up; a file may import its own floor and those below it. */
const FLOORS: readonly (readonly string[])[] = [
  ['assert', 'errors', 'env', 'metric-metadata', 'stale', 'sstable/format'],
  [
    'limits',
    'figures',
    'window',
    'filenames',
    'trouble',
    'lock',
    'file-handles',
    'set-aside',
    'removals',
  ],
  ['coding'],
  ['series', 'newest-wins'],
  ['types', 'listener', 'slice-types', 'event-types', 'upkeep-types'],
  ['memtable', 'wal', 'sstable', 'manifest', 'background', 'shared-file', 'events'],
  ['rollups/tiers', 'policies'],
  ['write-room', 'write-brake', 'io-budget', 'policy-set'],
  ['rollups/ranges', 'rollups/source-windows', 'rollups/marks', 'rollups/picker'],
  ['rollups/summarise', 'rollups/late-points', 'rollups/summary-reader'],
  ['tag-index', 'windows/picker', 'merge', 'memtable-pool', 'orphans', 'reserve', 'server-id'],
  ['tombstones/hidden', 'tombstones/picker'],
  ['slice', 'slice-reader', 'events/hiding'],
  ['rollups/rollup-job'],
  ['workers', 'events/flush-job', 'events/compact-job', 'options', 'version'],
  ['catalog-options', 'catalog', 'series-directory'],
  ['core', 'new-files', 'rollups/read-plan'],
  ['table-access', 'load-tables', 'rollups/load-tiers'],
  ['events/source', 'events/event-points', 'events/scan-events'],
  ['events/find-events', 'events/compaction', 'flush', 'scan', 'windows', 'index-compaction'],
  ['scrubber', 'rollups/roll-up', 'rollups/roller'],
  ['tombstones', 'listing', 'reading', 'recovery', 'write-path', 'watch'],
  ['stats', 'mending', 'adopt-policies', 'forgetting', 'upkeep', 'deleter', 'snapshot'],
  ['engine', 'inspect'],
  ['open'],
  ['index', 'env/node-env'],
];

const NODE_ENV = 'storage/env/node-env.ts';
/** What the pool of threads may use: threads, and their priority. */
const THREADS = ['node:worker_threads', 'node:os'];
const OUTSIDE_MODULES = new Set(
  `fs fs/promises os net tls http https http2 dgram dns child_process process perf_hooks timers
  timers/promises worker_threads`
    .split(/\s+/)
    .map((name) => `node:${name}`),
);
const OUTSIDE_CALLS = [
  /\b(?:Date\.now|new Date|performance\.now|process\.hrtime|Math\.random)\b/,
  /\b(?:setTimeout|setInterval|setImmediate)\b/,
];

interface Crossing {
  readonly place: string;
  readonly from: RepoFile;
  readonly to: string;
}

function crossings(files: readonly RepoFile[]): Crossing[] {
  return sources(files).flatMap((from) =>
    importsOf(from).flatMap(({ line, specifier }) => {
      const to = resolveImport(from, specifier);
      return to === undefined ? [] : [{ place: `${from.path}:${line}`, from, to }];
    }),
  );
}

function roomOf(path: string): string {
  return path.split('/')[0]!;
}

export const roomsFollowTheArrows: Rule = (files) =>
  crossings(files).flatMap(({ place, from, to }) => {
    const [room, target] = [roomOf(from.path), roomOf(to)];
    if (room === target || !(room in REACH) || REACH[room]!.includes(target)) return [];
    const reach = REACH[room]!.join(', ') || 'no other room';
    return [
      `${place}: ${room} imports ${target}; it may import ${reach}: move what both need down`,
    ];
  });

export const roomsAreEnteredByTheDoor: Rule = (files) =>
  crossings(files).flatMap(({ place, from, to }) => {
    const target = roomOf(to);
    const isOwn = roomOf(from.path) === target;
    if (isOwn || from.path.startsWith('test/') || !(target in REACH)) return [];
    if (to === `${target}/index.ts`) return [];
    return [`${place}: imports ${to}; import ${target}/index.ts, and export there what is missing`];
  });

export const storageIsBuiltInFloors: Rule = (files) => {
  const unknown = sources(files)
    .filter(({ path }) => path.startsWith('storage/') && floorOf(path) === undefined)
    .map(({ path }) => `${path}: has no floor; give it one in FLOORS of test/tidy/imports.ts`);
  const climbing = crossings(files).flatMap(({ place, from, to }) => {
    const [own, other] = [floorOf(from.path), floorOf(to)];
    if (own === undefined || other === undefined || other <= own) return [];
    return [`${place}: imports ${to}, a floor above it; pass it in, or move what is shared down`];
  });
  return [...unknown, ...climbing];
};

function floorOf(path: string): number | undefined {
  if (!path.startsWith('storage/')) return undefined;
  const name = path.slice('storage/'.length).replace(/(?:\.d)?\.ts$/, '');
  const exact = FLOORS.findIndex((floor) => floor.includes(name));
  const floor = exact < 0 ? FLOORS.findIndex((names) => names.includes(roomOf(name))) : exact;
  return floor < 0 ? undefined : floor;
}

export const onlyNodeEnvTouchesTheOutside: Rule = (files) =>
  sources(files)
    .filter(({ path }) => path.startsWith('storage/') && path !== NODE_ENV)
    .flatMap((file) => {
      const mayThread = file.path.startsWith('storage/workers/');
      const modules = importsOf(file)
        .filter(({ specifier }) => OUTSIDE_MODULES.has(specifier))
        .filter(({ specifier }) => !(mayThread && THREADS.includes(specifier)))
        .map(({ line, specifier }) => ({ line, found: specifier }));
      const code = withoutComments(file.text);
      const calls = OUTSIDE_CALLS.flatMap((call) => matchingLines(code, call));
      return [...modules, ...calls].map(
        ({ line, found }) =>
          `${file.path}:${line}: uses ${found}; take it from an Env argument (storage/env/env.ts)`,
      );
    });

export const relativeImportsNameTheFile: Rule = (files) =>
  sources(files).flatMap((file) =>
    importsOf(file)
      .filter(({ specifier }) => /^\.\.?\//.test(specifier) && !specifier.endsWith('.ts'))
      .filter(({ specifier }) => !/\.(?:json|html|css|js|proto|md)$/.test(specifier))
      .map(({ line, specifier }) => `${file.path}:${line}: '${specifier}' has to end in .ts`),
  );
