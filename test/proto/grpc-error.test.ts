import { Metadata } from '@grpc/grpc-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grpcError, retryDelayMsOf } from '../../proto/index.ts';

const errors = suite('proto/grpc-error');

errors('a status that is worth a retry says after how long', () => {
  const error = grpcError('RESOURCE_EXHAUSTED', 'too much at once', 1500);
  assert.is(error.code, 8);
  assert.is(error.details, 'too much at once');
  assert.is(retryDelayMsOf(error.metadata), 1500);
});

errors('the details are the bytes of google.rpc.Status with a google.rpc.RetryInfo', () => {
  const [bytes] = grpcError('UNAVAILABLE', 'gone', 2000).metadata.get('grpc-status-details-bin');
  const typeUrl = Buffer.from('type.googleapis.com/google.rpc.RetryInfo').toString('hex');
  const any = `0a28${typeUrl}1204${'0a020802'}`;
  assert.is(
    (bytes as Buffer).toString('hex'),
    `080e1204${Buffer.from('gone').toString('hex')}1a30${any}`,
  );
});

errors('other statuses carry no details', () => {
  const { metadata } = grpcError('INVALID_ARGUMENT', 'ragged');
  assert.equal(metadata.get('grpc-status-details-bin'), []);
  assert.is(retryDelayMsOf(metadata), undefined);
  assert.is(retryDelayMsOf(new Metadata()), undefined);
});

errors('a long message is cut, never inside a surrogate pair', () => {
  const { details } = grpcError('INVALID_ARGUMENT', `${'x'.repeat(1023)}\u{1f600}`);
  assert.is(details, 'x'.repeat(1023));
  assert.not.throws(() => encodeURI(details));
});

errors.run();
