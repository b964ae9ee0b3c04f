import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAdmission } from '../../ingest/admission.ts';
import { createBatchWriter } from '../../ingest/batch-writer.ts';
import { createDictionary } from '../../ingest/dictionary.ts';
import { createEventWriter } from '../../ingest/event-writer.ts';
import { DEFAULT_LIMITS } from '../../ingest/limits.ts';
import { createPointPool } from '../../ingest/point-pool.ts';
import { createPointWriter } from '../../ingest/point-writer.ts';
import { ANYBODY } from '../../ingest/sender.ts';
import { NOW_MS } from '../support/ingest-server.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import { encodeRequest, toColumns, toLabels } from '../support/write-requests.ts';

const writer = suite('ingest/batch-writer');

const POINTS = 5_000;
const MESSAGES = 100;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (how: { type: 'minor' }) => void;

/** Twice: what the first one comes upon alive may have had its last use then. */
function collectYoung(): void {
  collect({ type: 'minor' });
  collect({ type: 'minor' });
}

function createWriter() {
  const storage = { ...createNaiveStorage(), append: async () => {} };
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => performance.now() };
  return createBatchWriter({
    storage,
    points: createPointWriter(storage, clock, createPointPool(2 ** 20)),
    events: createEventWriter(storage, clock),
    admission: createAdmission(() => performance.now()),
    quotas: { guards: () => [] },
    limits: () => DEFAULT_LIMITS,
  });
}

// What was written down with a getter kept every message until the next full collection, which it
// called for: a sixth of what points in columns cost.
writer('a message is let go of without a full collection', async () => {
  const definition = { ref: 1, labels: toLabels({ __name__: 'm' }) };
  const points = Array.from({ length: POINTS }, () => ({ ref: 1, timestampMs: NOW_MS, value: 1 }));
  const first = encodeRequest({ definitions: [definition] });
  const message = encodeRequest({ columns: toColumns(points) });
  const dictionary = createDictionary(DEFAULT_LIMITS.refs);
  const { submit } = createWriter();
  await submit(first, ANYBODY, dictionary, () => {});
  collectYoung();
  const beforeBytes = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < MESSAGES; i++) {
    const bytes = Buffer.from(new Uint8Array(message).buffer);
    const { durable } = await submit(bytes, ANYBODY, dictionary, () => {});
    assert.is((await durable).accepted, POINTS);
    await turn();
  }
  collectYoung();
  const heldBytes = process.memoryUsage().arrayBuffers - beforeBytes;
  assert.ok(heldBytes < (MESSAGES * message.length) / 4, `${heldBytes} bytes are held`);
});

writer.run();
