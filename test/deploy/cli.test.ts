import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { runHere } from '../support/run-here.ts';
import { suite } from '../support/suite.ts';
import { type Finished, runVarve, serveVarve } from '../support/varve-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'varve-cli-'));
const cli = suite('deploy/cli');
cli.after(() => rmSync(dir, { recursive: true }));

/** One line, or several that each stand alone; never a stack. */
function complains({ code, stderr }: Finished, expectedCode: number, message: RegExp): void {
  assert.match(stderr, message);
  assert.is(code, expectedCode);
  assert.ok(
    stderr.split('\n').every((line) => line === '' || line.startsWith('varve: ')),
    stderr,
  );
}

const WRONG_USES: readonly [string, readonly string[], RegExp][] = [
  ['no command at all', [], /say what to do: varve --help/],
  ['an unknown command', ['serv'], /unknown command 'serv' \(Did you mean serve\?\)/],
  ['an unknown flag', ['serve', '--dta', 'x'], /unknown option '--dta' \(Did you mean --data\?\)/],
  ['a flag without its value', ['serve', '--data'], /--data <dir>' argument missing/],
  [
    'an address that is none',
    ['serve', '--http', 'x'],
    /--http x: http\.listen: expected HOST:PORT/,
  ],
  ['--set without a value', ['serve', '--set', 'data_dir'], /Say KEY=VALUE/],
  ['--set of an unknown key', ['serve', '--set', 'a.b=1'], /--set a\.b=1: a: unknown key/],
  [
    'a config that is not there',
    ['serve', '--config', '/none.yaml'],
    /\/none\.yaml: .*no such file/,
  ],
  ['a query without a start', ['query', 'up', '--step', '1m'], /needs --start/],
  ['a time that is none', ['query', 'up', '--start', 'noon'], /--start noon is not a time/],
  ['a range that ends before it starts', ['query', 'up', '--start', '2', '--end', '1'], /later/],
  ['a step that is none', ['query', 'up', '--start', '-1h', '--step', '5'], /--step 5 is not/],
  ['a URL that is none', ['query', 'up', '--http', 'there'], /--http there is not a URL/],
  ['a snapshot to nowhere', ['snapshot'], /missing required argument 'dir'/],
  ['a restore to nowhere', ['restore', 'x'], /--data <dir>' not specified/],
  ['a plan without data', ['retention', 'plan'], /--data <dir>' not specified/],
  ['jobs of nobody', ['jobs'], /either --redis URL or --config FILE/],
  ['jobs on what is no Redis', ['jobs', '--redis', 'here'], /--redis here: retention\.redis: /],
  ['a plan for no time', ['retention', 'plan', '--data', dir, '--at', 'x'], /--at x is not a time/],
];
for (const [title, args, message] of WRONG_USES) {
  cli(`${title} is wrong use: one line, exit 2`, async () => {
    complains(await runHere(...args), 2, message);
  });
}

cli('a mistake in a process of its own is the same line and exit code', async () => {
  complains(await runVarve('serve', '--dta', 'x'), 2, /unknown option '--dta'/);
});

cli('help and version are answers, not mistakes', async () => {
  const [help, version] = await Promise.all([runHere('--help'), runHere('--version')]);
  assert.is(help.code, 0);
  for (const command of [
    'serve',
    'config',
    'retention',
    'jobs',
    'query',
    'inspect',
    'snapshot',
    'restore',
  ]) {
    assert.match(help.stdout, new RegExp(`^ {2}${command}`, 'm'));
  }
  assert.is(version.code, 0);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
});

cli('config check tells a valid file from one with mistakes', async () => {
  const [good, bad] = [join(dir, 'good.yaml'), join(dir, 'bad.yaml')];
  writeFileSync(good, 'data_dir: x\n');
  writeFileSync(bad, 'data_dr: x\n\nquery: {timeout: soon}\n');
  const [yes, no] = await Promise.all([
    runHere('config', 'check', good),
    runHere('config', 'check', bad),
  ]);
  assert.is(yes.code, 0);
  assert.match(yes.stdout, /good\.yaml is valid/);
  complains(no, 2, /bad\.yaml:1: data_dr: unknown key; did you mean data_dir\?/);
  assert.match(no.stderr, /bad\.yaml:3: query\.timeout: expected a duration/);
});

cli('retention plan shows what would go, and when', async () => {
  const plan = (at: string) => runHere('retention', 'plan', '--data', dir, '--at', at);
  const [before, after] = await Promise.all([plan('1970-01-31T01:00:00Z'), plan('-1h')]);
  assert.is(before.code, 0);
  assert.match(before.stdout, /default .*1970-01-31T02:00:00/);
  assert.match(after.stdout, /120/);
  assert.not.equal(before.stdout, after.stdout);
});

cli('inspect fails when something is damaged, and still prints what it read', async () => {
  const path = join(dir, 'damaged');
  const [fine, damaged] = await Promise.all([
    runHere('inspect', path),
    runHere('inspect', path, '--verify'),
  ]);
  assert.is(fine.code, 0);
  assert.match(fine.stdout, /1 block$/m);
  complains(damaged, 1, /damaged is damaged/);
  assert.match(damaged.stdout, /1 block, read\n.*damaged at byte 7/);
});

cli('a data directory that cannot be is refused in words', async () => {
  const file = join(dir, 'file');
  writeFileSync(file, '');
  complains(
    await runHere('serve', '--data', join(file, 'x')),
    1,
    /part of the path is not a dir.*--data/,
  );
  // Node's recursive mkdir never came back from here, and took a thread with it.
  complains(await runHere('serve', '--data', '/proc/x'), 1, /no such file.*--data/);
});

cli('a second server on a directory exits at once and harms nothing', async () => {
  const first = await serveVarve();
  try {
    const second = await runVarve('serve', '--data', first.dataDir, '--http', '127.0.0.1:0');
    complains({ ...second, stderr: userLines(second.stderr) }, 1, /another varve runs on .*--data/);
    assert.is((await fetch(`${first.http}/-/ready`)).status, 200);
  } finally {
    await first.stop();
  }
});

for (const door of ['grpc', 'http']) {
  cli(`a ${door} port that is taken is named with the flag that changes it`, async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as { port: number };
    const ports: Record<string, string> = { grpc: '127.0.0.1:0', http: '127.0.0.1:0' };
    ports[door] = `127.0.0.1:${port}`;
    const flags = Object.entries(ports).flatMap(([name, address]) => [`--${name}`, address]);
    const outcome = await runVarve('serve', '--data', join(dir, `taken-${door}`), ...flags);
    holder.close();
    const message = new RegExp(
      `127\\.0\\.0\\.1:${port} for ${door}: the address is in use; .*--${door}`,
    );
    complains({ ...outcome, stderr: userLines(outcome.stderr) }, 1, message);
  });
}

// grpc-js rejects a promise that nobody holds: the process ended with a stack.
cli('a gRPC address that is no host is refused in words', async () => {
  const grpc = ['--grpc', 'no-such-host.invalid:0', '--set', 'auth.open=true'];
  const outcome = await runVarve('serve', '--data', join(dir, 'no-host'), ...grpc);
  complains(outcome, 1, /cannot listen on no-such-host\.invalid:0 for grpc: .*name|no such host/);
});

cli('a query to nobody says who did not answer', async () => {
  complains(
    await runHere('query', 'up', '--http', 'http://127.0.0.1:1'),
    1,
    /no answer from http:\/\/127\.0\.0\.1:1: .*; is varve serve running there\?/,
  );
});

cli('a snapshot or a restore into a directory with files is refused before any work', async () => {
  const full = join(dir, 'full');
  mkdirSync(full);
  writeFileSync(join(full, 'file'), '');
  complains(
    await runHere('snapshot', full, '--http', 'http://127.0.0.1:1'),
    1,
    /full is not empty/,
  );
  complains(await runHere('restore', join(dir, 'x'), '--data', full), 1, /full is not empty/);
  const nothing = await runHere('restore', join(dir, 'none'), '--data', join(dir, 'new'));
  complains(nothing, 1, /none is not a whole snapshot: it has no file SNAPSHOT/);
  const file = await runHere('restore', join(dir, 'none'), '--data', join(full, 'file'));
  complains(file, 1, /cannot use .*file for the data: .*not a dir/);
});

/** What is left of stderr without the log. */
function userLines(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .join('\n');
}

cli.run();
