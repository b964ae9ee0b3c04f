import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  encodeLogHeader,
  FRAME_HEADER_BYTES,
  frameEnd,
  LOG_HEADER_BYTES,
  sealFrame,
} from '../../../storage/coding/log-format.ts';
import { type LogItem, scanLog } from '../../../storage/coding/log-scanner.ts';
import { createMemoryFileSystem } from '../../sim/memory-fs.ts';
import { property } from '../../support/seed.ts';

const scanner = suite('storage/coding/log-scanner');
const MARKER = 0x1234_5678;
const PATH = 'data/log';

function logFile(payloads: readonly Uint8Array[]): { bytes: Uint8Array; offsets: number[] } {
  const offsets: number[] = [];
  let size = LOG_HEADER_BYTES;
  for (const payload of payloads) {
    offsets.push(size);
    size = frameEnd(size, payload.length);
  }
  const bytes = new Uint8Array(size);
  bytes.set(encodeLogHeader('wal', 1, MARKER));
  payloads.forEach((payload, i) => {
    bytes.set(payload, offsets[i]! + FRAME_HEADER_BYTES);
    sealFrame(bytes, offsets[i]!, payload.length, MARKER);
  });
  return { bytes, offsets };
}

async function scan(bytes: Uint8Array, readBytes = 64, payloadBytesMax = 1000): Promise<LogItem[]> {
  const fs = createMemoryFileSystem();
  fs.plant(PATH, bytes);
  const file = await fs.open(PATH);
  const items: LogItem[] = [];
  for await (const item of scanLog({ kind: 'wal', file, path: PATH, readBytes, payloadBytesMax })) {
    items.push(item.kind === 'frame' ? { ...item, payload: item.payload.slice() } : item);
  }
  return items;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const payloadsOf = (items: LogItem[]): string[] =>
  items.flatMap((item) => (item.kind === 'frame' ? [hex(item.payload)] : []));

const somePayloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { maxLength: 12 });

scanner('every frame is found in order, whatever the size of the pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      somePayloads,
      fc.integer({ min: 1, max: 300 }),
      async (payloads, readBytes) => {
        const { bytes } = logFile(payloads);
        const items = await scan(bytes, readBytes);
        assert.equal(payloadsOf(items), payloads.map(hex));
        assert.is(items.length, payloads.length);
      },
    ),
    property(200),
  );
});

scanner(
  'damage costs the frames it touches; what is left and what is lost fill the file',
  async () => {
    const stretch = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 60 }), fc.integer());
    await fc.assert(
      fc.asyncProperty(somePayloads, stretch, async (payloads, [at, length, seed]) => {
        const { bytes, offsets } = logFile(payloads);
        const start = at % bytes.length;
        const end = Math.min(start + length, bytes.length);
        for (let i = start; i < end; i++) bytes[i] = bytes[i]! ^ (1 + ((seed + i) & 0x7f));
        const items = await scan(bytes);
        const whole = payloads.filter((payload, i) => {
          const offset = offsets[i]!;
          return end <= offset || start >= offset + FRAME_HEADER_BYTES + payload.length;
        });
        assert.equal(payloadsOf(items), whole.map(hex));
        const covered = items.reduce(
          (sum, item) =>
            sum +
            (item.kind === 'frame'
              ? frameEnd(item.offset - FRAME_HEADER_BYTES, item.payload.length) -
                (item.offset - FRAME_HEADER_BYTES)
              : item.length),
          0,
        );
        const headerHurt = start < LOG_HEADER_BYTES;
        assert.is(covered, bytes.length - (headerHurt ? 0 : LOG_HEADER_BYTES));
        const last = items.findLastIndex((item) => item.kind === 'frame');
        items.forEach((item, i) => {
          if (item.kind === 'damage') assert.is(item.atEnd, i > last);
        });
      }),
      property(500),
    );
  },
);

scanner('a frame that claims more than the limit is not read', async () => {
  const { bytes } = logFile([new Uint8Array(50), new Uint8Array(10), new Uint8Array(20)]);
  const items = await scan(bytes, 64, 20);
  assert.equal(
    items.map((item) => item.kind),
    ['damage', 'frame', 'frame'],
  );
});

scanner('a frame within the payload of a damaged one is of another file', async () => {
  const inner = logFile([new Uint8Array(8)]).bytes.subarray(LOG_HEADER_BYTES);
  const other = inner.slice();
  sealFrame(other, 0, 8, MARKER + 1);
  const { bytes, offsets } = logFile([other, new Uint8Array(4)]);
  bytes[offsets[0]!] = 0;
  assert.equal(payloadsOf(await scan(bytes)), ['00000000']);
});

scanner('zeros are no frame', async () => {
  const items = await scan(new Uint8Array(200));
  assert.equal(items, [
    {
      kind: 'damage',
      offset: 0,
      length: 200,
      expectation: 'expected a header',
      atEnd: true,
      cutShort: false,
    },
  ]);
});

scanner('a file that ends within a frame is cut short there', async () => {
  const { bytes, offsets } = logFile([new Uint8Array(9), new Uint8Array(9)]);
  const last = offsets[1]!;
  for (let size = last + 1; size < last + FRAME_HEADER_BYTES + 9; size++) {
    const found = (await scan(bytes.slice(0, size))).at(-1);
    assert.ok(found?.kind === 'damage' && found.cutShort, `cut at ${size}`);
  }
  bytes[last + FRAME_HEADER_BYTES] = 1;
  const found = (await scan(bytes)).at(-1);
  assert.ok(found?.kind === 'damage' && !found.cutShort, 'all of it is there, and damaged');
});

scanner('bytes between frames that are not zero are told and cost nothing', async () => {
  const { bytes } = logFile([new Uint8Array(9), new Uint8Array(9)]);
  bytes[bytes.length - 1] = 1;
  const padded = (await scan(bytes)).map((item) => item.kind === 'frame' && item.padded);
  assert.equal(padded, [true, false]);
});

scanner.run();
