import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Compute } from '../../../storage/env/env.ts';
import { StorageError } from '../../../storage/errors.ts';
import { createMemtable } from '../../../storage/memtable.ts';
import type { FlushInput, FlushOutput } from '../../../storage/workers/flush-job.ts';
import { createInlineCompute, createWorkerCompute } from '../../../storage/workers/pool.ts';
import { rejection } from '../../support/rejection.ts';

const pool = suite('storage/workers/pool');

function flushInput(points: number): FlushInput {
  const memtable = createMemtable(1 << 20);
  const ids = new Uint32Array(points).fill(1);
  const timestampsMs = Float64Array.from(ids, (_, i) => i * 1000);
  memtable.append(ids, timestampsMs, timestampsMs, 0, points);
  return {
    arena: memtable.seal(),
    policyIds: Uint32Array.of(0, 1),
    windowsMs: Float64Array.of(0, 7_200_000),
  };
}

async function withCompute(compute: Compute, test: (compute: Compute) => Promise<void>) {
  try {
    await test(compute);
  } finally {
    await compute.close();
  }
}

pool('gives the same bytes on a thread as inline', async () => {
  await withCompute(createInlineCompute(), async (inline) => {
    await withCompute(createWorkerCompute(1), async (threads) => {
      const input = flushInput(500);
      const here = await inline.run<FlushInput, FlushOutput>('flush', input);
      const there = await threads.run<FlushInput, FlushOutput>('flush', input);
      assert.equal(there, here);
    });
  });
});

pool('runs more jobs than it has threads', async () => {
  await withCompute(createWorkerCompute(2), async (threads) => {
    const counts = [1, 2, 3, 4, 5, 6, 7];
    const outputs = await Promise.all(
      counts.map((count) => threads.run<FlushInput, FlushOutput>('flush', flushInput(count))),
    );
    assert.equal(
      outputs.map((output) => output.tables[0]!.summary.pointCount),
      counts,
    );
  });
});

for (const [name, create] of Object.entries({
  inline: () => createInlineCompute(),
  'on a thread': () => createWorkerCompute(1),
})) {
  pool(`a job that throws ${name} fails with its error, and the next one runs`, async () => {
    await withCompute(create(), async (compute) => {
      const error = await rejection(compute.run('nonsense', {}));
      assert.match(error.message, 'there is no job called nonsense');
      const output = await compute.run<FlushInput, FlushOutput>('flush', flushInput(3));
      assert.is(output.tables.length, 1);
    });
  });
}

pool('a thread that dies fails its job and is replaced', async () => {
  const entry = new URL('../../support/mortal-worker.js', import.meta.url);
  await withCompute(createWorkerCompute(1, entry), async (threads) => {
    const [died, waited] = await Promise.all([
      rejection(threads.run('die', 1)),
      threads.run('echo', 2),
    ]);
    assert.match(died.message, 'a worker thread died during the job die');
    assert.is(waited, 2);
  });
});

pool('fails jobs that wait, run or come when it is closed', async () => {
  const threads = createWorkerCompute(1);
  const outcomes = [1, 2].map(() => rejection(threads.run('flush', flushInput(40_000))));
  await threads.close();
  await Promise.all(outcomes);
  const late = await rejection(threads.run('flush', flushInput(1)));
  assert.instance(late, StorageError);
  assert.is(late.code, 'CLOSED');
});

pool.run();
