// Rules on what stands at the top of the repository: dependencies, the lock file, the folders.

import { importsOf, type RepoFile, type Rule, sources } from './file.ts';

const CARD = new Set(
  `proto ingest storage retention query deploy test package.json tsconfig.json Makefile
  README.md LICENSE CHANGELOG.md CONTRIBUTING.md biome.json package-lock.json`.split(/\s+/),
);

/** Packages that nothing imports: the command by which the Makefile or a config file runs them. */
const COMMANDS: Readonly<Record<string, string>> = {
  '@biomejs/biome': 'biome',
  '@bufbuild/buf': 'buf',
  '@bufbuild/protoc-gen-es': 'protoc-gen-es',
  typescript: 'tsc',
};

interface Package {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly overrides?: Readonly<Record<string, unknown>>;
}

interface LockFile {
  readonly packages?: Readonly<Record<string, Package & { readonly resolved?: string }>>;
}

export const topLevelIsTheCard: Rule = (files) => {
  const names = new Set(files.map(({ path }) => path.split('/')[0]!));
  return [...names]
    .filter((name) => !name.startsWith('.') && !CARD.has(name))
    .map((name) => `${name}: is not on the card; move it into the room that it belongs to`);
};

export const versionsAreExact: Rule = (files) => {
  const { dependencies, devDependencies, overrides } = packageJson(files);
  const versions = Object.entries({ ...dependencies, ...devDependencies, ...overrides });
  return versions
    .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(String(version)))
    .map(([name, version]) => `package.json: ${name} is ${version}; name one version exactly`);
};

export const dependenciesAreUsed: Rule = (files) => {
  const names = dependencyNames(files);
  const used = new Set(sources(files).flatMap((file) => importsOf(file).map(packageOf)));
  const scripts = files
    .filter(({ path }) => path === 'Makefile' || path.endsWith('.yaml'))
    .map(({ text }) => text)
    .join('\n');
  const locked = json<LockFile>(files, 'package-lock.json').packages ?? {};
  // A peer is loaded by the package that asks for it.
  const peers = new Set(
    names.flatMap((name) => Object.keys(locked[`node_modules/${name}`]?.peerDependencies ?? {})),
  );
  return names
    .filter((name) => {
      const command = COMMANDS[name];
      if (command !== undefined) return !new RegExp(`/${command}\\b`).test(scripts);
      const typed = name.startsWith('@types/') ? name.slice('@types/'.length) : name;
      return typed !== 'node' && !used.has(typed) && !peers.has(name);
    })
    .map((name) => `package.json: nothing imports ${name}; npm uninstall ${name}`);
};

export const dependenciesHaveReasons: Rule = (files) => {
  const guide = files.find(({ path }) => path === 'CONTRIBUTING.md')?.text ?? '';
  const rows = [...guide.matchAll(/^\| `([^` ]+)` +\| +(.*?) *\|$/gm)];
  const reasons = new Map(rows.map(([, name, reason]) => [name!, reason!]));
  const names = dependencyNames(files);
  const missing = names
    .filter((name) => !reasons.get(name))
    .map((name) => `CONTRIBUTING.md: has no row | \`${name}\` | why it is here |`);
  const stale = [...reasons.keys()]
    .filter((name) => !names.includes(name))
    .map((name) => `CONTRIBUTING.md: lists ${name}, which package.json does not have; remove it`);
  return [...missing, ...stale];
};

export const lockFileNamesNoHost: Rule = (files) =>
  Object.entries(json<LockFile>(files, 'package-lock.json').packages ?? {})
    .filter(([, { resolved }]) => resolved !== undefined)
    .map(
      ([path, { resolved }]) =>
        `package-lock.json: ${path} comes from ${resolved}; npm install with the project's .npmrc`,
    );

function packageOf({ specifier }: { readonly specifier: string }): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

function dependencyNames(files: readonly RepoFile[]): string[] {
  const { dependencies, devDependencies } = packageJson(files);
  return Object.keys({ ...dependencies, ...devDependencies });
}

function packageJson(files: readonly RepoFile[]): Package {
  return json<Package>(files, 'package.json');
}

/** The parsed file, or nothing in it when it is not there. */
function json<Content extends object>(files: readonly RepoFile[], path: string): Partial<Content> {
  const text = files.find((file) => file.path === path)?.text ?? '{}';
  return JSON.parse(text) as Partial<Content>;
}
