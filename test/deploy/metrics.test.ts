import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createServerMetrics } from '../../deploy/metrics.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';

const metrics = suite('deploy/metrics');

async function valueIn(text: Promise<string>, name: string): Promise<number | undefined> {
  const line = (await text).split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length));
}

metrics("storage's totals are counters that follow it, however often they are read", async () => {
  const storage = createNaiveStorage();
  const server = createServerMetrics('1.2.3', '.');
  const exposed = () => server.refreshed(storage).metrics();
  assert.is(await valueIn(exposed(), 'varve_storage_points_appended_total'), 0);
  const [id] = await storage.resolve([[{ name: '__name__', value: 'a' }]]);
  await storage.append({
    ids: Uint32Array.of(id!, id!),
    timestampsMs: Float64Array.of(1, 2),
    values: Float64Array.of(1, 2),
  });
  for (let reading = 0; reading < 3; reading++) {
    assert.is(await valueIn(exposed(), 'varve_storage_points_appended_total'), 2);
    assert.is(await valueIn(exposed(), 'varve_storage_series'), 1);
  }
  assert.match(await exposed(), /# TYPE varve_storage_points_appended_total counter/);
  assert.match(await exposed(), /varve_build_info\{version="1\.2\.3",node_version="v/);
});

metrics('what is called a total is a counter, and every counter is', async () => {
  const exposed = await createServerMetrics('1.2.3', '.').registry.metrics();
  for (const [, name, kind] of exposed.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    assert.is(name!.endsWith('_total'), kind === 'counter', name);
  }
});

metrics('what storage tells while it works is timed and counted', async () => {
  const server = createServerMetrics('1.2.3', '.');
  server.listener.walSynced!({ durationMs: 2, bytes: 1, batches: 1 });
  server.listener.corruption!(new Error('damaged'));
  const text = server.registry.metrics();
  assert.is(await valueIn(text, 'varve_wal_sync_duration_seconds_sum'), 0.002);
  assert.is(await valueIn(text, 'varve_storage_corruptions_total'), 1);
});

metrics.run();
