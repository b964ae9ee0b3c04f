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
removals('files go one after another', async () => {
  const fs = createSlowFs();
  const own = new Removals(fs, unexpected);
  own.fileGone('a/1', true, CLOSED);
  own.fileGone('b/2', true, CLOSED);
  await turn();
  assert.equal(fs.log, ['a/1']);
  fs.unlinks[0]!.resolve();
  await turn();
  assert.equal(fs.log, ['a/1', 'a', 'b/2']);
  fs.unlinks[1]!.resolve();
  await own.close();
  assert.equal(fs.log, ['a/1', 'a', 'b/2', 'b']);
});

removals('one that fails is told of, and the next goes', async () => {
  const fs = createSlowFs();
  const told: string[] = [];
  const own = new Removals(fs, ({ message }) => void told.push(message));
  own.fileGone('a/1', true, CLOSED);
  own.fileGone('b/2', true, Promise.reject(new Error('not closed')));
  own.fileGone('c/3', true, CLOSED);
  await turn();
  fs.unlinks[0]!.reject(new Error('not mine'));
  await turn();
  assert.equal(told, ['not mine', 'not closed']);
  fs.unlinks[1]!.resolve();
  await own.close();
  assert.equal(fs.log, ['a/1', 'c/3', 'c']);
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
