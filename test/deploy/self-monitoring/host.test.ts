import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readHost } from '../../../deploy/self-monitoring/host.ts';

const host = suite('deploy/self-monitoring/host');

host('this machine shows its time, its load and who it is, each series once', async () => {
  const samples = await readHost(1_700_000_000_000);
  const named = (name: string) => samples.filter((sample) => sample.name === name);
  assert.is(named('node_time_seconds')[0]?.value, 1_700_000_000);
  assert.is(named('node_load1').length, 1);
  assert.is(named('node_uname_info')[0]?.labels['nodename'] !== '', true);
  const keys = samples.map(({ name, labels }) => JSON.stringify([name, labels]));
  assert.is(new Set(keys).size, keys.length);
});

host.run();
