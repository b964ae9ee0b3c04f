import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const service = suite('deploy/examples/service');

const FILE = 'deploy/examples/varve.service';
/** Points of `systemd-analyze security`, 0 to 10: below 2 a service is well confined. */
const EXPOSURE_MAX = 2;

const text = readFileSync(FILE, 'utf8');
const systemd = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
const test = systemd.status === 0 ? service : service.skip;

test('systemd finds nothing wrong', () => {
  // It looks for the programs that the unit names; this machine may have them elsewhere.
  const dir = mkdtempSync(join(tmpdir(), 'varve-unit-'));
  const copy = join(dir, 'varve.service');
  writeFileSync(copy, text.replace('/usr/bin/node', process.execPath));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', copy], {
    encoding: 'utf8',
  });
  rmSync(dir, { recursive: true });
  assert.is(status, 0, stderr);
  assert.not.match(stderr, /varve\.service/);
});

test('it is confined as far as systemd scores', () => {
  const args = ['security', '--offline=true', '--no-pager', resolve(FILE)];
  const { stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  const score = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
  assert.ok(score !== undefined, stderr);
  assert.ok(Number(score) < EXPOSURE_MAX, `${score}, at most ${EXPOSURE_MAX}`);
});

service('the program is where the build leaves it, with the flags of its first line', () => {
  const start = /^ExecStart=(.*)$/m.exec(text)![1]!;
  assert.match(start, /\/dist\/program\/main\.js serve /);
  const image = readFileSync('deploy/Dockerfile', 'utf8');
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(image)![1]!) as string[];
  const flags = entry.filter((word) => word.startsWith('--'));
  for (const flag of flags) assert.ok(start.includes(` ${flag} `), flag);
});

service('data are in the one directory that it may write to', () => {
  const [, data] = /--data (\S+)/.exec(text)!;
  assert.match(text, new RegExp(`^StateDirectory=${data!.replace('/var/lib/', '')}$`, 'm'));
});

service.run();
