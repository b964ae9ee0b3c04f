import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { decodeServerId } from '../../../storage/index.ts';
import { absentRedisUrl, type RedisServer, startRedis } from '../../support/redis.ts';
import { runHere } from '../../support/run-here.ts';
import { suite } from '../../support/suite.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { QUIET, serveVarve } from '../../support/varve-process.ts';

const jobs = suite('deploy/commands/jobs');

let redis: RedisServer;
jobs.before(async () => {
  redis = await startRedis();
});
jobs.after(async () => {
  await redis.kill();
});

const KINDS = ['sweep', 'rollup', 'compaction', 'snapshot'];

async function snapshot(http: string): Promise<{ readonly name: string }> {
  const response = await fetch(`${http}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
  const { data } = (await response.json()) as { data: { name: string } };
  return data;
}

async function configFile(text: string): Promise<string> {
  const file = join(await tempDir(), 'varve.yaml');
  writeFileSync(file, text);
  return file;
}

jobs('lists the jobs of a server that is there, and of none', async () => {
  const before = await runHere('jobs', '--redis', redis.url);
  assert.equal(before, { code: 0, stdout: 'no server has jobs on this Redis\n', stderr: '' });

  const varve = await serveVarve(...QUIET, '--set', `retention.redis=${redis.url}`);
  try {
    for (const kind of KINDS) await varve.logged(new RegExp(`Redis is there: ${kind}s`));
    const { name } = await snapshot(varve.http);
    const serverId = decodeServerId(readFileSync(join(varve.dataDir, 'server-id'), 'utf8'))!;
    const file = await configFile(`retention: {redis: "${redis.url}"}\n`);
    const { code, stdout } = await runHere('jobs', '--config', file);
    assert.is(code, 0);
    const [header, ...rows] = stdout.trimEnd().split('\n');
    assert.match(header!, /^SERVER +JOB +EVERY +WORKERS +WAITING +ACTIVE +FAILED +NEXT /);
    assert.is(rows.length, KINDS.length);
    for (const [i, kind] of KINDS.slice(0, 3).entries()) {
      assert.match(rows[i]!, new RegExp(`^${serverId} +${kind} +1m +1 +[01] +[01] +0 +20\\d\\d-`));
    }
    assert.match(rows[3]!, new RegExp(`^${serverId} +snapshot +- +1 +0 +[01] +0 +- `));
    const queues = JSON.parse((await runHere('jobs', '--json', '--redis', redis.url)).stdout);
    assert.equal(
      queues.map(({ serverId: id, kind, everyMs }: Record<string, unknown>) => [id, kind, everyMs]),
      KINDS.map((kind) => [serverId, kind, kind === 'snapshot' ? undefined : 60_000]),
    );

    const away = varve.logged(/Redis is away: snapshots are made at once/);
    await redis.kill();
    await away;
    const other = await snapshot(varve.http);
    assert.equal(
      readdirSync(join(varve.dataDir, 'snapshots')).toSorted(),
      [name, other.name].toSorted(),
    );
    await redis.start();
  } finally {
    await varve.stop();
  }
});

jobs('a Redis that does not answer, or is not set, is said in a line', async () => {
  const url = await absentRedisUrl();
  const absent = await runHere('jobs', '--redis', url);
  assert.is(absent.code, 1);
  assert.match(absent.stderr, /^varve: Redis at 127\.0\.0\.1:\d+ does not serve: .*REFUSED.*\n$/);
  const file = await configFile('data_dir: x\n');
  const unset = await runHere('jobs', '--config', file);
  assert.is(unset.code, 2);
  assert.match(unset.stderr, /varve\.yaml sets no retention\.redis/);
  assert.is((await runHere('jobs', '--config', file, '--redis', url)).code, 2);
});

jobs.run();
