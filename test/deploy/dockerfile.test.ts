// The Dockerfile where no engine is at hand: its instructions, and what its last stage would hold,
// laid out in a scratch directory and run from there.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const dockerfile = suite('deploy/dockerfile');

interface Instruction {
  readonly word: string;
  readonly rest: string;
}

const instructions = readFileSync('deploy/Dockerfile', 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '')
  .map((line): Instruction => {
    const [word] = line.split(' ', 1);
    return { word: word!, rest: line.slice(word!.length + 1) };
  });
const lastStage = instructions.slice(instructions.findLastIndex(({ word }) => word === 'FROM'));

function last(word: string): string {
  return lastStage.findLast((one) => one.word === word)!.rest;
}

/** Of COPY: where to, and what. */
function copied({ rest }: Instruction): { readonly sources: string[]; readonly target: string } {
  const words = rest.split(' ').filter((word) => !word.startsWith('--'));
  return { sources: words.slice(0, -1), target: words.at(-1)! };
}

/** Does the instruction in a directory; `build` stands for /build of the first stage. */
function copyTo(dir: string, instruction: Instruction, build: string): void {
  const { sources, target } = copied(instruction);
  for (const source of sources) {
    const place = join(dir, target.endsWith('/') ? join(target, basename(source)) : target);
    cpSync(resolve(build, source.replace('/build/', '')), place, { recursive: true });
  }
}

dockerfile('what it copies is there and is not ignored', () => {
  const ignore = readFileSync('deploy/Dockerfile.dockerignore', 'utf8').split('\n');
  assert.ok(ignore.includes('*'));
  const fromHere = instructions.filter(
    ({ word, rest }) => word === 'COPY' && !/^--from/.test(rest),
  );
  for (const source of fromHere.flatMap((one) => copied(one).sources)) {
    assert.ok(existsSync(source), source);
    assert.ok(ignore.includes(`!${source}`), `${source} is ignored`);
  }
});

dockerfile('the image is pinned, runs without rights, and says whether it is well', () => {
  for (const { rest } of instructions.filter(({ word }) => word === 'FROM')) {
    assert.match(rest, /^node:\d+-\S+/);
  }
  assert.is(last('USER'), 'varve');
  const after = lastStage.slice(lastStage.findIndex(({ word }) => word === 'USER'));
  assert.not.ok(after.some(({ word }) => word === 'RUN' || word === 'COPY'));
  for (const word of ['ENTRYPOINT', 'CMD']) assert.ok(Array.isArray(JSON.parse(last(word))), word);
  assert.match(last('HEALTHCHECK'), /CMD \[/);
});

dockerfile('commands of a step fail together', () => {
  for (const { rest } of instructions.filter(({ word }) => word === 'RUN')) {
    assert.not.match(rest, /;|\|(?!\|)/, 'a failure before ; or | would not stop the build');
    if (/apt-get install/.test(rest)) assert.match(rest, /rm -rf \/var\/lib\/apt\/lists/);
  }
});

dockerfile('what it copies compiles, and is all that the server and its check need', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'varve-image-'));
  const [build, image] = [join(scratch, 'build'), join(scratch, 'image')];
  const firstStage = instructions.slice(0, -lastStage.length);
  for (const one of firstStage.filter(({ word }) => word === 'COPY')) copyTo(build, one, '.');
  // Modules are read from where they are: to install them takes longer than all the rest.
  symlinkSync(resolve('node_modules'), join(build, 'node_modules'));
  const compile = firstStage.find(({ word, rest }) => word === 'RUN' && /\btsc\b/.test(rest))!;
  const step = compile.rest.replace(' && npm prune --omit=dev', '');
  const compiled = spawnSync('sh', ['-c', step], { cwd: build, encoding: 'utf8' });
  assert.is(compiled.status, 0, compiled.stdout + compiled.stderr);
  for (const one of lastStage.filter(({ word }) => word === 'COPY')) copyTo(image, one, build);
  const [, ...entry] = JSON.parse(last('ENTRYPOINT')) as string[];
  const command = (JSON.parse(last('CMD')) as string[]).map((word) =>
    word.replace('/data', join(scratch, 'data')).replace(/0\.0\.0\.0:\d+/, '127.0.0.1:0'),
  );
  const child = spawn(process.execPath, [...entry, ...command], {
    cwd: image,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const address = /http=(\S+)/.exec(line)![1]!;
  const [, check] = /CMD (\[.*\])$/.exec(last('HEALTHCHECK'))!;
  const [, ...words] = JSON.parse(check!) as string[];
  const asked = words.map((word) => word.replace('127.0.0.1:4318', address));
  assert.is(spawnSync(process.execPath, asked).status, 0);
  const page = await fetch(`http://${address}/`);
  assert.is(page.status, 200);
  child.kill('SIGTERM');
  assert.equal(await once(child, 'exit'), [0, null]);
  assert.is(spawnSync(process.execPath, asked).status, 1);
  rmSync(scratch, { recursive: true });
});

dockerfile.run();
