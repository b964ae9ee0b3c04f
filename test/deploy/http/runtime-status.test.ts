import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Config, parseConfig } from '../../../deploy/config.ts';
import { flagsStatus, runtimeStatus } from '../../../deploy/http/runtime-status.ts';

const runtime = suite('deploy/http/runtime-status');

function configOf(text: string): Config {
  const result = parseConfig('varve.yaml', text);
  if (!result.ok) throw new Error('the test has a mistake in its config');
  return result.config;
}

runtime('flags are those of Prometheus that the config answers', () => {
  assert.equal(flagsStatus(configOf('query: {lookback: 90s, max_concurrent: 7}')), {
    'query.lookback-delta': '90s',
    'query.max-concurrency': '7',
    'query.max-samples': '50000000',
    'query.timeout': '30s',
    'storage.tsdb.path': './data',
    'storage.tsdb.retention.time': '30d',
    'web.enable-admin-api': 'true',
    'web.listen-address': '127.0.0.1:4318',
  });
});

runtime('the retention told is the longest of all policies', () => {
  const forever = "retention: {policies: [{name: a, match: '{}', keep: forever}]}";
  const status = runtimeStatus(configOf(forever), 12);
  assert.is(status.storageRetention, 'forever');
  assert.is(status.timeSeriesCount, 12);
  assert.ok(status.startTime <= status.serverTime);
});

runtime.run();
