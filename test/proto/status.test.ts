import { status as grpcStatus } from '@grpc/grpc-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCodeOf, GRPC_STATUS, statusOf } from '../../proto/index.ts';
import { CorruptionError, StorageError } from '../../storage/index.ts';

const statuses = suite('proto/status');

statuses('the numbers are those of gRPC', () => {
  for (const [name, number] of Object.entries(GRPC_STATUS)) {
    assert.is(number, grpcStatus[name as keyof typeof grpcStatus], name);
  }
});

statuses('only what may succeed later is worth a retry', () => {
  assert.equal(statusOf('RESOURCE_EXHAUSTED'), { grpc: 8, http: 429, retry: true });
  assert.equal(statusOf('UNAVAILABLE'), { grpc: 14, http: 503, retry: true });
  assert.equal(statusOf('CLOSED'), { grpc: 14, http: 503, retry: true });
  assert.equal(statusOf('INVALID_ARGUMENT'), { grpc: 3, http: 400, retry: false });
});

statuses('errors of storage keep their code, strangers are INTERNAL', () => {
  assert.is(errorCodeOf(new StorageError('LOCKED', 'in use')), 'LOCKED');
  assert.is(errorCodeOf(new CorruptionError('a.sst', 0, 'bad')), 'CORRUPTION');
  assert.is(errorCodeOf(Object.assign(new Error('no'), { code: 'ENOENT' })), 'INTERNAL');
  assert.is(errorCodeOf(Object.assign(new Error('no'), { code: 'toString' })), 'INTERNAL');
  assert.is(errorCodeOf(undefined), 'INTERNAL');
});

statuses.run();
