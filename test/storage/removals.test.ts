import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Removals } from '../../storage/removals.ts';

const removals = suite('storage/removals');

/** A file system whose unlinks end when a test says so. */
function createSlowFs() {
  const log: string[] = [];
  const unlinks: { resolve(): void; reject(error: Error): void }[] = [];
  return {
    log,
    unlinks,
    remove(path: string) {
      log.push(path);
      return new Promise<void>((resolve, reject) => unlinks.push({ resolve, reject }));
    },
    async removeDir(path: string) {
      log.push(path);
    },
  };
}

function unexpected(error: Error): void {
  throw error;
}

const CLOSED = Promise.resolve();

// A sweep of 200 windows held all threads with unlinks, and acks waited for 0.8 s.
removals('two directories go at a time, and a file at a time of each', async () => {
  const fs = createSlowFs();
  const own = new Removals(fs, unexpected);
  for (const path of ['a/1', 'a/2', 'b/3', 'c/4']) own.fileGone(path, true, CLOSED);
  await turn();
  assert.equal(fs.log, ['a/1', 'b/3']);
  fs.unlinks[0]!.resolve();
  await turn();
  assert.equal(fs.log.slice(2), ['a/2'], 'a directory goes with the last of its files');
  fs.unlinks[2]!.resolve();
  await turn();
  assert.equal(fs.log.slice(3), ['a', 'c/4']);
  let isSettled = false;
  const settled = own.settled().then(() => {
    isSettled = true;
  });
  fs.unlinks[3]!.resolve();
  await turn();
  assert.equal(fs.log.slice(5), ['c']);
  assert.not(isSettled, 'b/3 is still there');
  fs.unlinks[1]!.resolve();
  await settled;
  assert.equal(fs.log.slice(6), ['b']);
  await own.close();
});

removals('one that fails is told of, and the next goes', async () => {
  const fs = createSlowFs();
  const told: string[] = [];
  const own = new Removals(fs, ({ message }) => void told.push(message));
  own.fileGone('a/1', true, CLOSED);
  own.fileGone('a/2', true, Promise.reject(new Error('not closed')));
  own.fileGone('a/3', true, CLOSED);
  await turn();
  fs.unlinks[0]!.reject(new Error('not mine'));
  await turn();
  assert.equal(told, ['not mine', 'not closed']);
  fs.unlinks[1]!.resolve();
  await own.close();
  assert.equal(fs.log, ['a/1', 'a/3', 'a']);
});

removals('a directory is asked to go again when a file comes after its last one', async () => {
  const fs = createSlowFs();
  const own = new Removals(fs, unexpected);
  for (const path of ['a/1', 'a/2']) {
    own.fileGone(path, true, CLOSED);
    await turn();
    fs.unlinks.at(-1)!.resolve();
    await own.settled();
  }
  assert.equal(fs.log, ['a/1', 'a', 'a/2', 'a']);
});

removals('what stays, and what goes after the end, is left alone', async () => {
  const fs = createSlowFs();
  const own = new Removals(fs, unexpected);
  own.fileGone('a/1', false, CLOSED);
  await own.close();
  own.fileGone('b/2', true, CLOSED);
  await turn();
  assert.equal(fs.log, []);
});

removals.run();
