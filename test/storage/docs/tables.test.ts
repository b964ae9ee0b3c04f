// The worked bytes of sstable.md, chunk.md and events.md are what the code reads, and what it
// writes.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesAt } from '../../../storage/coding/byte-column.ts';
import { appendChunk, createChunkWriter } from '../../../storage/coding/chunk.ts';
import { EventBuffer } from '../../../storage/events/event-columns.ts';
import {
  joinEvents,
  openEventTable,
  readText,
  timesOf,
} from '../../../storage/events/event-table.ts';
import { flushEvents } from '../../../storage/events/flush-job.ts';
import { encodeLabels } from '../../../storage/series/labels-codec.ts';
import { decodeChunk, encodeBlock, openBlock } from '../../../storage/sstable/block.ts';
import { openTable } from '../../../storage/sstable/reader.ts';
import { createTableBuilder } from '../../../storage/sstable/writer.ts';
import { hexExample } from '../../support/documents.ts';
import { joinBytes, memoryFile } from '../../support/memory-file.ts';

const docs = suite('storage/docs: tables');

const ID = 7;
const TIMESTAMPS_MS = Float64Array.of(1000, 11_000, 21_000, 31_000);
const VALUES = Float64Array.of(21.5, 21.6, 21.4, 21.7);

docs('the example of chunk.md is the block of its points', () => {
  const example = new Uint8Array(hexExample('chunk.md'));
  const block = openBlock(example, 'chunk.md', 0);
  assert.equal([...block.ids], [ID]);
  assert.equal(decodeChunk(block, 0), { timestampsMs: TIMESTAMPS_MS, values: VALUES });
  const writer = createChunkWriter();
  appendChunk(writer, ID, TIMESTAMPS_MS, VALUES);
  assert.equal(encodeBlock(writer), example);
});

docs('the example of sstable.md is the table of its points', async () => {
  const example = new Uint8Array(hexExample('sstable.md'));
  const table = await openTable(memoryFile(example), 'sstable.md');
  assert.equal([...(await table.seriesIds())], [ID]);
  assert.ok(table.mayContain(ID));
  const block = await table.readBlock(0);
  assert.equal(decodeChunk(block, 0), { timestampsMs: TIMESTAMPS_MS, values: VALUES });
  const builder = createTableBuilder({ policyId: 1, windowStartMs: 0, windowEndMs: 7_200_000 });
  builder.add(ID, TIMESTAMPS_MS, VALUES, 0, VALUES.length);
  assert.equal(builder.finish(), table.summary);
  assert.equal(joinBytes(builder.drain()), example);
});

docs('the example of events.md is the table of its events', async () => {
  const example = new Uint8Array(hexExample('events.md'));
  const buffer = new EventBuffer();
  const attributes = encodeLabels([{ name: 'id', value: 'x' }]);
  buffer.add(ID, 1000, 5, Buffer.from('GET /a 200'), attributes);
  buffer.add(ID, 31_000, 0, Buffer.from('GET /b 404'));
  const table = await openEventTable(memoryFile(example), 'events.md');
  const times = timesOf(await table.readBlock(0));
  const found = joinEvents(times, await readText(table, 0));
  assert.equal(
    [0, 1].map((i) => Buffer.from(bytesAt(found.bodies, i)).toString()),
    ['GET /a 200', 'GET /b 404'],
  );
  assert.equal(bytesAt(found.attributes, 0), attributes);
  assert.equal([...times.timestampsMs, ...times.nanos], [1000, 31_000, 5, 0]);
  const policyIds = new Uint32Array(ID + 1).fill(1);
  const { tables } = flushEvents({
    events: buffer.columns(),
    policyIds,
    windowsMs: Float64Array.of(0, 7_200_000),
  });
  assert.equal(tables[0]!.summary, table.summary);
  assert.equal(tables[0]!.bytes, example);
});

docs.run();
