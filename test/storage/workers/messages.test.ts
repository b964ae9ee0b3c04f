import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptionError, StorageError } from '../../../storage/errors.ts';
import { fromFailure, toFailure } from '../../../storage/workers/messages.ts';

const messages = suite('storage/workers/messages');

/** The way from one thread to another. */
function carryOver(error: unknown): Error {
  return fromFailure(structuredClone(toFailure(error)));
}

messages('a corruption keeps its class, its place and its words', () => {
  const error = new CorruptionError('a.sst', 42, 'expected 1, found 2');
  const carried = carryOver(error);
  assert.instance(carried, CorruptionError);
  assert.is(carried.message, error.message);
  assert.is(carried.stack, error.stack);
  const { code, path, offset } = carried as CorruptionError;
  assert.equal([code, path, offset], ['CORRUPTION', 'a.sst', 42]);
});

messages('an error of storage keeps its code', () => {
  const carried = carryOver(new StorageError('RESOURCE_EXHAUSTED', 'try later'));
  assert.instance(carried, StorageError);
  assert.is((carried as StorageError).code, 'RESOURCE_EXHAUSTED');
  assert.is(carried.message, 'try later');
});

messages('anything else that was thrown becomes an error', () => {
  assert.is(carryOver(new RangeError('too long')).message, 'too long');
  assert.is(carryOver('a string').message, 'a string');
});

messages.run();
