// A few seconds of it, always of the same seed; `make fuzz` goes on for two minutes.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runSweepChaos } from './sweep-chaos.ts';

const chaos = suite('fuzz/sweep-chaos');

chaos('whatever is killed, what is due is dropped once and nobody notices', async () => {
  const { windowsDropped, writes, queries, snapshots } = await runSweepChaos(6, 6000);
  assert.ok(Math.min(windowsDropped, writes, queries, snapshots) > 0);
});

chaos.run();
