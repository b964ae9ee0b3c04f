// Damage to every kind of file of a data directory, met by a real server: it starts, serves no
// value that was not sent, loses no more than the damaged piece, and says so.

import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { createNodeEnv, inspectPath } from '../../storage/index.ts';
import { connect, type WriteInit } from '../support/client.ts';
import { flipBit } from '../support/damage.ts';
import { suite } from '../support/suite.ts';
import { QUIET, runVarve, startServer, type VarveProcess } from '../support/varve-process.ts';

const e2e = suite('e2e/damage');

const SERIES = 40;
/** In tables of a window each; one more is in the log alone. */
const BATCHES = 3;
const HOUR_MS = 3_600_000;
const START_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 24 * HOUR_MS;
const SECTOR_BYTES = 512;
const POLICY = 'retention.policies=[{name: all, match: "{}", keep: forever, window: 4h}]';

const timeOf = (batch: number): number => START_MS + batch * 4 * HOUR_MS;
const valueAt = (series: number, batch: number): number => series * 1000 + batch + 0.5;

const dir = mkdtempSync(join(tmpdir(), 'varve-damage-'));
const sound = join(dir, 'sound');
e2e.after(() => rmSync(dir, { recursive: true, force: true }));

function batchOf(batch: number): WriteInit {
  const refs = Array.from({ length: SERIES }, (_, series) => series);
  return {
    definitions: refs.map((ref) => ({
      ref,
      labels: [
        { name: '__name__', value: 'harmed' },
        { name: 'series', value: String(ref) },
      ],
    })),
    columns: {
      refs,
      timestampsMs: refs.map(() => BigInt(timeOf(batch))),
      values: refs.map((series) => valueAt(series, batch)),
    },
  };
}

interface Found {
  /** How many points were found of each batch. */
  readonly batches: ReadonlyMap<number, number>;
  readonly warnings: readonly string[];
}

/** Reads every point; throws on one that was never sent. */
async function pointsOf(server: VarveProcess): Promise<Found> {
  const query = new URLSearchParams({ query: 'harmed[2d]' });
  const response = await fetch(`${server.http}/api/v1/query?${query}`);
  const { data, warnings = [] } = (await response.json()) as {
    data: { result: { metric: { series: string }; values: [number, string][] }[] };
    warnings?: string[];
  };
  const batches = new Map<number, number>();
  for (const { metric, values } of data.result) {
    for (const [seconds, value] of values) {
      const batch = (seconds * 1000 - START_MS) / (4 * HOUR_MS);
      assert.is(Number(value), valueAt(Number(metric.series), batch));
      batches.set(batch, (batches.get(batch) ?? 0) + 1);
    }
  }
  return { batches, warnings };
}

async function start(dataDir: string): Promise<VarveProcess> {
  return startServer(dataDir, ...QUIET, '--set', POLICY, '--set', 'storage.block_cache=0');
}

async function flush(server: VarveProcess): Promise<void> {
  await (await fetch(`${server.http}/api/v1/admin/flush`, { method: 'POST' })).text();
}

/** A killed server's directory: tables, log, manifest, and a snapshot. */
e2e.before(async () => {
  const server = await start(sound);
  const client = connect(server.grpc);
  for (let batch = 0; batch < BATCHES; batch++) {
    await client.write(batchOf(batch));
    await flush(server);
  }
  const url = `${server.http}/api/v1/admin/tsdb/snapshot`;
  assert.is((await fetch(url, { method: 'POST' })).status, 200);
  // Two records, so that damage to the first is in the middle of the log.
  await client.write(batchOf(BATCHES));
  await client.write(batchOf(BATCHES));
  client.close();
  await server.stop('SIGKILL');
});

const HARMS: Readonly<Record<string, (path: string) => void>> = {
  'a flipped bit'(path) {
    const bytes = readFileSync(path);
    // Of a log, its first record's payload.
    const at = path.endsWith('.wal') ? 60 : bytes.length >> 1;
    writeFileSync(path, flipBit(bytes, at, 2));
  },
  'a zeroed sector'(path) {
    const bytes = readFileSync(path);
    const at = path.endsWith('.wal') ? 24 : Math.max(0, (bytes.length >> 1) - SECTOR_BYTES / 2);
    writeFileSync(path, bytes.fill(0, at, Math.min(bytes.length, at + SECTOR_BYTES)));
  },
  'a cut off end': (path) => writeFileSync(path, readFileSync(path).subarray(0, -10)),
  'a removal': (path) => unlinkSync(path),
};

interface Kind {
  readonly file: RegExp;
  /** Batches that may be lost to it, of BATCHES + 1. */
  readonly lost: number;
  /** What is absent cannot be told from what never was. */
  readonly mayBeAbsent?: boolean;
}

/** Damaged together, in one directory: each start of a program takes its time. */
const KINDS: readonly Kind[] = [
  { file: /^windows\/.*\.sst$/, lost: 1 },
  { file: /^wal\/.*\.wal$/, lost: 1, mayBeAbsent: true },
  { file: /^CURRENT$/, lost: 0 },
  { file: /^server-id$/, lost: 0, mayBeAbsent: true },
  { file: /^snapshots\/.*\/SNAPSHOT$/, lost: 0 },
];
/** Its blocks are few and hold much, so that on its own it shows more. */
const INDEX: Kind = { file: /^tag-index\/.*\.idx$/, lost: BATCHES + 1 };

const isSeen =
  (harmName: string) =>
  ({ file }: Kind): boolean =>
    !(harmName === 'a removal' && file.test('CURRENT'));

for (const [harmName, harm] of Object.entries(HARMS)) {
  // Without CURRENT nobody but a start knows which tables there should be.
  const groups: readonly [name: string, kinds: readonly Kind[]][] = [
    ['files of every kind', KINDS.filter(isSeen(harmName))],
    ['a table of the tag index', [INDEX]],
  ];
  for (const [name, kinds] of groups) {
    e2e(`${name} with ${harmName}: costs no more than that, and is told of`, async () => {
      const { data, files, inspected } = await harmed(kinds, harm);
      for (const [i, file] of files.entries()) {
        if (harmName === 'a removal' && kinds[i]!.mayBeAbsent) continue;
        assert.match(inspected, file, 'inspect --verify finds it');
      }
      const lost = kinds.reduce((sum, kind) => sum + kind.lost, 0);
      const log = await serveHarmed(data, BATCHES + 1 - lost);
      for (const [i, file] of files.entries()) {
        if (harmName === 'a removal' && kinds[i]!.mayBeAbsent) continue;
        // Nobody reads a snapshot before it is restored. A log's end may be torn by a crash.
        const isTold = log.includes(file) || (file.endsWith('.wal') && log.includes('tornBytes'));
        assert.ok(isTold || file === 'SNAPSHOT', `${file} is not in the log: ${log}`);
      }
    });
  }
}

// What no copy is left of cannot be served: see manifest.md.
for (const harmName of ['a flipped bit', 'a removal']) {
  e2e(`a manifest with ${harmName} is refused, and the way out named`, async () => {
    const { data, inspected } = await harmed([{ file: /^manifest\//, lost: 0 }], HARMS[harmName]!);
    assert.match(inspected, /manifest.* is damaged at byte/);
    const ended = await runVarve('serve', '--data', data, '--http', '127.0.0.1:0');
    assert.is(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, /^varve: cannot open .*manifest.* is damaged at byte .*restore/m);
  });
}

interface Harmed {
  readonly data: string;
  /** Names of the files that were damaged. */
  readonly files: readonly string[];
  /** What inspect --verify says of it. */
  readonly inspected: string;
}

async function harmed(kinds: readonly Kind[], harm: (path: string) => void): Promise<Harmed> {
  const data = mkdtempSync(join(dir, 'harmed-'));
  cpSync(sound, data, { recursive: true });
  const files = kinds.map((kind) => {
    const path = filesOf(data).find((name) => kind.file.test(name));
    assert.ok(path, String(kind.file));
    harm(join(data, path));
    return path.split('/').at(-1)!;
  });
  return { data, files, inspected: await damagesIn(data) };
}

function filesOf(data: string): string[] {
  return readdirSync(data, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(data, name)).isFile() && statSync(join(data, name)).size > 0)
    .sort();
}

async function damagesIn(data: string): Promise<string> {
  const lines: string[] = [];
  for await (const { kind, text } of inspectPath(data, createNodeEnv(), { verify: true })) {
    if (kind !== 'fact') lines.push(text);
  }
  return lines.join('\n');
}

/** Starts on `data`, reads and writes; at least so many batches are left. Returns the log. */
async function serveHarmed(data: string, batchesLeft: number): Promise<string> {
  const server = await start(data);
  const client = connect(server.grpc);
  try {
    const { batches, warnings } = await pointsOf(server);
    const whole = [...batches.values()].filter((points) => points === SERIES).length;
    assert.ok(whole >= batchesLeft, `${whole} batches are left`);
    assert.ok(warnings.length > 0, 'a query warns');
    const metrics = await (await fetch(`${server.http}/metrics`)).text();
    assert.match(metrics, /^varve_storage_corruptions_total [1-9]/m);
    await client.write(batchOf(BATCHES + 1));
    assert.is((await pointsOf(server)).batches.get(BATCHES + 1), SERIES, 'it takes writes');
  } finally {
    client.close();
    await server.stop();
  }
  return (await server.stop()).stderr;
}

e2e('a data directory that is taken away refuses writes until it is back', async () => {
  const data = join(dir, 'taken');
  const server = await start(data);
  const client = connect(server.grpc);
  try {
    await client.write(batchOf(0));
    renameSync(data, `${data}-away`);
    assert.match(await server.logged(/is gone/), data);
    const refused = await client.write(batchOf(1)).catch((error: Error) => error.message);
    assert.match(String(refused), /UNAVAILABLE.* is gone/);
    const metrics = await (await fetch(`${server.http}/metrics`)).text();
    assert.match(metrics, /^varve_storage_read_only 1$/m);
    assert.is(readdirSync(dir).includes('taken'), false, 'nothing is made in its place');
    renameSync(`${data}-away`, data);
    const taken = async () => {
      for (;;) {
        const answer = await client.write(batchOf(1)).catch(() => undefined);
        if (answer !== undefined) return answer;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    assert.is((await taken()).accepted, BigInt(SERIES));
    assert.equal([...(await pointsOf(server)).batches.keys()].sort(), [0, 1]);
  } finally {
    client.close();
    await server.stop();
  }
});

e2e.run();
