import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Config,
  configChanges,
  configPolicies,
  configText,
  configYaml,
  formatProblems,
  parseConfig,
  parseOverride,
  reloaded,
} from '../../deploy/config.ts';

const config = suite('deploy/config');

function valid(text: string, ...sets: string[]): Config {
  const result = parseConfig(
    'varve.yaml',
    text,
    sets.map((set) => parseOverride(set)!),
  );
  assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
  return result.config;
}

function mistakes(text: string, ...sets: string[]): string[] {
  const result = parseConfig(
    'varve.yaml',
    text,
    sets.map((set) => parseOverride(set)!),
  );
  if (result.ok) throw new Error('the config was taken');
  return formatProblems(result.problems).split('\n');
}

config('an empty file is the defaults', () => {
  const { data_dir, grpc, http, storage, retention, ingest, query, auth } = valid('');
  assert.is(data_dir, './data');
  assert.equal(grpc.listen, { host: '127.0.0.1', port: 4317 });
  assert.equal(http.listen, { host: '127.0.0.1', port: 4318 });
  assert.equal(storage.wal, { sync: 'group', interval: 200 });
  assert.equal(storage.memtable, { size: 64 * 2 ** 20, max_age: 1_800_000 });
  assert.is(storage.block_cache, 256 * 2 ** 20);
  assert.equal(
    configPolicies({ retention }).map(({ name, keep, window }) => [name, keep, window]),
    [
      ['debug', 86_400_000, 3_600_000],
      ['default', 30 * 86_400_000, 7_200_000],
    ],
  );
  assert.is(retention.redis, null);
  assert.is(ingest.max_past, Number.POSITIVE_INFINITY);
  assert.is(ingest.limits.message, 32 * 2 ** 20);
  assert.is(query.max_samples, 50_000_000);
  assert.is(auth.open, false);
});

config('policies may be followed on a Redis, and then nothing expires until they are known', () => {
  const text = 'retention: {policies: redis, redis: "redis://127.0.0.1:6379"}';
  const { retention } = valid(text);
  assert.is(retention.policies, 'redis');
  assert.equal(
    configPolicies({ retention }).map(({ keep }) => keep),
    [Infinity],
  );
  assert.match(configYaml(valid(text)), /policies: redis\n/);
  assert.match(mistakes('retention: {policies: redis}')[0]!, /policies: needs retention\.redis/);
  const other = mistakes('retention: {policies: kafka}')[0]!;
  assert.match(other, /policies: expected a list, or redis, found "kafka"$/);
  assert.match(mistakes('retention: {policies: []}')[0]!, /expected a list with a length of/);
});

config('a flag beats the file, the file beats the default', () => {
  const text = 'storage:\n  wal: {sync: os}\n  memtable: {size: 8MiB}\n';
  const { storage } = valid(text, 'storage.wal.sync=interval');
  assert.is(storage.wal.sync, 'interval');
  assert.is(storage.memtable.size, 8 * 2 ** 20);
  assert.is(storage.memtable.max_age, 1_800_000);
});

config('a flag reaches into lists', () => {
  const { retention } = valid(
    "retention: {policies: [{name: a, match: '{}', keep: 1d}]}",
    'retention.policies.0.keep=forever',
  );
  assert.is(configPolicies({ retention })[0]!.keep, Number.POSITIVE_INFINITY);
});

config('a profile presets keys, and a key that is given beats it', () => {
  const { storage } = valid('storage: {profile: write_heavy, memtable: {max_age: 5m}}');
  assert.equal(storage.memtable, { size: 256 * 2 ** 20, max_age: 300_000 });
  assert.is(storage.block_cache, 128 * 2 ** 20);
});

config('merging is preset by profile, key by key', () => {
  const { compaction } = valid('storage: {profile: read_heavy, compaction: {rate: 8MiB}}').storage;
  assert.equal(compaction, {
    rate: 8 * 2 ** 20,
    fan_in: 3,
    slowdown_tables: 16,
    stop_tables: 32,
  });
  assert.is(valid('').storage.compaction.rate, 'auto');
});

config('writes are slowed after merging begins and before they are stopped', () => {
  const found = mistakes('storage: {compaction: {fan_in: 8, slowdown_tables: 6, stop_tables: 6}}');
  assert.match(found[0]!, /storage\.compaction\.slowdown_tables: below fan_in/);
  assert.match(found[1]!, /storage\.compaction\.stop_tables: not above slowdown_tables: use 7/);
});

const BAD_ROLLUPS: [string, string, RegExp][] = [
  ['steps that do not fill windows', '{every: 7m, keep: 1y}', /every \(7m\) does not .* \(1h\)/],
  ['steps wider than windows', '{every: 1d, keep: 1y}', /every \(1d\) does not divide window/],
  ['a shorter keep', '{every: 5m, keep: 36h}', /\(1d12h\) is shorter .* points \(30d\)/],
  ['two of one width', '{every: 5m, keep: 1y}, {every: 300s, keep: 2y}', /same every \(5m\)/],
  ['a step of less than a second', '{every: 5ms, keep: 1y}', /\[0\]\.every: .*1s/],
  ['no keep', '{every: 5m}', /\[0\]\.keep/],
  ['a key that is not there', '{every: 5m, keep: 1y, window: 1d}', /\[0\]\.window/],
];
for (const [name, rollups, wanted] of BAD_ROLLUPS) {
  config(`rollups are refused as people wrote them: ${name}`, () => {
    const policy = `{name: a, match: '{}', keep: 30d, window: 1h, rollups: [${rollups}]}`;
    const found = mistakes(`retention: {policies: [${policy}]}`);
    assert.is(found.length, 1, found.join());
    assert.match(found[0]!, /retention\.policies\[0\]\.rollups/);
    assert.match(found[0]!, wanted);
  });
}

config('a section whose keys are all commented out is empty, not wrong', () => {
  assert.equal(valid('storage:\n  wal:\nhttp:\n'), valid(''));
});

config('every mistake of a file is named at once, in the order of its lines', () => {
  const found = mistakes(`data_dir: 5
grcp: {listen: x}
storage:
  profile: write_hevy
  wal: {sync: groupp}
  memtable: {size: 3}
retention:
  policies:
    - {name: a, match: '{}', keep: 3x}
    - {nme: a, match: 'sum(', keep: 30d}
    - 5
  sweep_every: 0s
auth: {open: yess, tokens: [{name: x}]}
query: {max_steps: 0.5, max_depth: 0, timeout: forever}
http: {cors_origins: x, listen: "0.0.0.0:1"}
`);
  const expected = [
    /^varve\.yaml:1: data_dir: expected a text, found 5$/,
    /^varve\.yaml:2: grcp: unknown key; did you mean grpc\?$/,
    /^varve\.yaml:4: storage\.profile: expected .*; did you mean write_heavy\?$/,
    /^varve\.yaml:5: storage\.wal\.sync: .*found "groupp"; did you mean group\?$/,
    /^varve\.yaml:6: storage\.memtable\.size: expected a size such as 64MiB .*found 3$/,
    /^varve\.yaml:9: retention\.policies\[0\]\.keep: expected a duration .*forever.*"3x"$/,
    /^varve\.yaml:10: retention\.policies\[1\]\.name: expected a text, found nothing$/,
    /^varve\.yaml:10: retention\.policies\[1\]\.match: expected a selector such as /,
    /^varve\.yaml:10: retention\.policies\[1\]\.nme: unknown key; did you mean name\?$/,
    /^varve\.yaml:11: retention\.policies\[2\]: expected a section with keys/,
    /^varve\.yaml:12: retention\.sweep_every: expected a duration .*\(1s to 24h\), found "0s"$/,
    /^varve\.yaml:13: auth\.tokens\[0\]\.token_sha256: expected a text, found nothing$/,
    /^varve\.yaml:13: auth\.tokens\[0\]\.can: expected a list, found nothing$/,
    /^varve\.yaml:13: auth\.open: expected true or false, found "yess"$/,
    /^varve\.yaml:14: query\.max_steps: expected a whole number, found 0\.5$/,
    /^varve\.yaml:14: query\.max_depth: expected a whole number of at least 1, found 0$/,
    /^varve\.yaml:14: query\.timeout: expected a duration .*found "forever"$/,
    /^varve\.yaml:15: http\.cors_origins: expected a list, found "x"$/,
    /^varve\.yaml:15: http\.listen: 0\.0\.0\.0 can be reached from other machines/,
  ];
  assert.is(found.length, expected.length, found.join('\n'));
  for (const pattern of expected) {
    assert.ok(
      found.some((line) => pattern.test(line)),
      `${pattern}\n${found.join('\n')}`,
    );
  }
  const lines = found.map((line) => Number(/:(\d+):/.exec(line)![1]));
  assert.equal(
    lines,
    [...lines].sort((a, b) => a - b),
  );
});

config('an unknown key that resembles none is answered with the known ones', () => {
  assert.match(mistakes('storage: {zzzzzz: 1}')[0]!, /known here: profile, wal, memtable/);
});

config('a mistake in a flag is placed at the flag', () => {
  const [found] = mistakes('storage: {wal: {sync: os}}', 'storage.wal.sync=never');
  assert.match(found!, /^--set storage\.wal\.sync=never: storage\.wal\.sync: expected group or/);
});

config('text that is no YAML is refused with its line', () => {
  assert.match(mistakes('data_dir: x\nhttp: [')[0]!, /^varve\.yaml:\d: not valid YAML: /);
});

config('aliases of nothing, and aliases that unfold without end, are refused', () => {
  const bomb = Array.from(
    { length: 30 },
    (_, i) => `k${i + 1}: &k${i + 1} [*k${i}, *k${i}, *k${i}]`,
  );
  assert.match(mistakes('data_dir: *nowhere')[0]!, /not valid YAML: Unresolved alias/);
  assert.match(mistakes(`k0: &k0 x\n${bomb.join('\n')}`)[0]!, /not valid YAML: Excessive alias/);
});

config('a key that is given twice is refused', () => {
  assert.match(
    mistakes('data_dir: a\ndata_dir: b\n')[0]!,
    /^varve\.yaml:2: not valid YAML: .*unique/,
  );
});

config('a file that is a list or a text is refused', () => {
  assert.match(mistakes('- a\n')[0]!, /expected a section with keys of its own/);
  assert.match(mistakes('hello')[0]!, /expected a section with keys of its own/);
});

config('whatever a file says, it is taken or refused with reasons, never a crash', () => {
  const key = fc.constantFrom('storage', 'wal', 'retention', 'policies', 'http', 'listen', 'name');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  }));
  const check = (text: string) => {
    const result = parseConfig('varve.yaml', text);
    if (!result.ok) assert.ok(formatProblems(result.problems).length > 0);
  };
  fc.assert(
    fc.property(value, (input) => check(JSON.stringify(input))),
    { seed: 7, numRuns: 300 },
  );
  fc.assert(fc.property(fc.string(), check), { seed: 7, numRuns: 300 });
});

config('the config prints as text that reads as the same config', () => {
  const text = 'storage: {profile: read_heavy}\ningest: {max_past: 400d}\nquery: {lookback: 90s}';
  const first = valid(text);
  assert.equal(valid(configYaml(first)), first);
});

config('a password is not printed', () => {
  const yaml = configYaml(valid('retention: {redis: "redis://user:secret@host:6379/1"}'));
  assert.not.match(yaml, /secret/);
  assert.match(yaml, /redis:\/\/redacted@host:6379\/1/);
});

config('a changed password is noticed and not told', () => {
  const text = (password: string) => `retention: {redis: "redis://user:${password}@host"}`;
  const change = configChanges(configText(valid(text('one'))), configText(valid(text('two'))));
  assert.equal(
    change.map(({ key }) => key),
    ['retention.redis'],
  );
  assert.not.match(JSON.stringify(change), /one|two/);
});

config('changes name the keys that wait for a restart', () => {
  const before = configText(valid(''));
  const after = configText(
    valid(
      "grpc: {listen: 'localhost:1'}\nretention: {policies: [{name: a, match: '{}', keep: 1d}]}",
    ),
  );
  assert.equal(
    configChanges(before, after).map(({ key, needsRestart }) => [key, needsRestart]),
    [
      ['grpc.listen', true],
      ['retention.policies', false],
    ],
  );
});

config('what a reload leaves as it was is exactly what waits for a restart', () => {
  const current = valid('');
  const next = valid(`data_dir: x
grpc: {listen: 'localhost:1'}
http: {listen: 'localhost:2', allowed_hosts: [a], cors_origins: ['http://a']}
storage: {wal: {sync: os, interval: 1s}, memtable: {size: 1MiB, max_age: 1m}, block_cache: 0}
retention: {policies: [{name: a, match: '{}', keep: 1d}], sweep_every: 2m}
ingest:
  {max_past: 1d, max_future: 2d, limits: {series: 1, series_per_metric: 1, points_per_second: 1,
  labels_per_series: 1,
  label_value_bytes: 1, message: 1MiB}, otlp: {translation: no_translation, delta: keep,
  promote_resource_attributes: [a], promote_scope_metadata: true}}
query: {lookback: 1s, max_steps: 1, timeout: 1s}
self_monitoring: false
`);
  const waiting = configChanges(configText(current), configText(next)).filter(
    ({ needsRestart }) => needsRestart,
  );
  const after = configText(reloaded(current, next));
  assert.equal(configChanges(after, configText(next)), waiting);
});

config('the example config names every key, commented, and is valid', () => {
  const text = readFileSync('deploy/examples/varve.yaml', 'utf8');
  const keys = leafKeys(configText(valid('')));
  const commented = new RegExp(`^(\\s*)# (?=(?:${keys.join('|')}):(?: |$)|- \\{)`, 'gm');
  const commentsOff = text.replace(commented, '$1');
  assert.equal(valid(text), valid(''));
  assert.equal(configText(valid(commentsOff)), configText(valid('')));
  for (const key of keys) {
    assert.match(text, new RegExp(`\\b${key}\\b`), `${key} is not in the example`);
  }
});

/** Keys that hold no section; of a list, its own and those of its items. */
function leafKeys(value: object): string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    if (Array.isArray(inner)) return [key, ...inner.filter(isSection).flatMap(leafKeys)];
    return isSection(inner) ? leafKeys(inner) : [key];
  });
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

config.run();
