import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteReader } from '../../../storage/coding/byte-reader.ts';
import { ByteWriter } from '../../../storage/coding/byte-writer.ts';
import { CorruptionError } from '../../../storage/index.ts';
import { property } from '../../support/seed.ts';

const cursor = suite('storage/coding/byte-reader');
const MAX = 2 ** 53;

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.copy();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

const LAYOUTS: [string, (writer: ByteWriter) => void, string][] = [
  ['uint16', (w) => w.uint16(0x1234), '3412'],
  ['uint32', (w) => w.uint32(0xdeadbeef), 'efbeadde'],
  ['int32', (w) => w.int32(-2), 'feffffff'],
  ['float64', (w) => w.float64(1), '000000000000f03f'],
  ['varint 0', (w) => w.varint(0), '00'],
  ['varint 127', (w) => w.varint(127), '7f'],
  ['varint 128', (w) => w.varint(128), '8001'],
  ['varint 2^28', (w) => w.varint(2 ** 28), '8080808001'],
  ['varint 2^53', (w) => w.varint(MAX), '8080808080808010'],
  ['signed -1', (w) => w.signedVarint(-1), '01'],
  ['signed 1', (w) => w.signedVarint(1), '02'],
  ['signed -64', (w) => w.signedVarint(-64), '7f'],
  ['signed 64', (w) => w.signedVarint(64), '8001'],
  ['string', (w) => w.string('é€'), '05c3a9e282ac'],
  ['bytes', (w) => w.prefixedBytes(Uint8Array.of(9, 8)), '020908'],
];
for (const [name, write, want] of LAYOUTS) {
  cursor(`${name} is laid out as documented`, () => assert.is(hex(written(write)), want));
}

cursor('every kind of value comes back as it was written', () => {
  const value = fc.oneof(
    fc.record({ kind: fc.constant('varint' as const), value: fc.nat({ max: MAX - 1 }) }),
    fc.record({
      kind: fc.constant('signedVarint' as const),
      value: fc.integer({ min: -MAX + 1, max: MAX - 1 }),
    }),
    fc.record({ kind: fc.constant('float64' as const), value: fc.double() }),
    fc.record({ kind: fc.constant('uint32' as const), value: fc.nat({ max: 2 ** 32 - 1 }) }),
    fc.record({ kind: fc.constant('string' as const), value: fc.string({ unit: 'binary' }) }),
    fc.record({ kind: fc.constant('prefixedBytes' as const), value: fc.uint8Array() }),
  );
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const bytes = written((writer) => {
        for (const item of values) {
          if (item.kind === 'string') writer.string(item.value);
          else if (item.kind === 'prefixedBytes') writer.prefixedBytes(item.value);
          else writer[item.kind](item.value);
        }
      });
      const reader = new ByteReader(bytes, 'x');
      for (const item of values) {
        const got = reader[item.kind]();
        const same = got instanceof Uint8Array ? hex(got) === hex(item.value as Uint8Array) : true;
        assert.ok(same);
        if (!(got instanceof Uint8Array)) assert.ok(Object.is(got, item.value));
      }
      reader.expectEnd();
    }),
    property(500),
  );
});

for (const value of [MAX, -MAX, MAX - 1, -MAX + 1, 2 ** 32, -(2 ** 32), 63, 64, -64, -65]) {
  cursor(`the signed varint ${value} survives`, () => {
    const bytes = written((writer) => writer.signedVarint(value));
    assert.is(new ByteReader(bytes, 'x').signedVarint(), value);
  });
}

cursor('long and multi-byte strings survive, byte order mark included', () => {
  for (const text of ['', '\ufeffx', 'é'.repeat(43), '€'.repeat(1000), '😀'.repeat(21)]) {
    const bytes = written((writer) => writer.string(text));
    assert.is(new ByteReader(bytes, 'x').string(), text);
  }
});

cursor('bytes that are cut short anywhere are corruption, never a wrong value', () => {
  const bytes = written((writer) => {
    writer.varint(300);
    writer.string('hello');
    writer.float64(1.5);
  });
  for (let length = 0; length < bytes.length; length++) {
    const reader = new ByteReader(bytes.subarray(0, length), 'a/b', 100);
    assert.throws(
      () => {
        reader.varint();
        reader.string();
        reader.float64();
      },
      (error: unknown) =>
        error instanceof CorruptionError && error.path === 'a/b' && error.offset >= 100,
    );
  }
});

const BAD: [string, string, (reader: ByteReader) => unknown][] = [
  ['a varint beyond 2^53', '8180808080808010', (reader) => reader.varint()],
  ['a varint without end', 'ffffffffffffffffff01', (reader) => reader.varint()],
  ['a signed varint beyond 2^53', 'ffffffffffffff7f', (reader) => reader.signedVarint()],
  ['a string that is not UTF-8', '02c328', (reader) => reader.string()],
  ['a length beyond the end', '05aa', (reader) => reader.prefixedBytes()],
  ['bytes left over', '00', (reader) => reader.expectEnd()],
];
for (const [name, bytes, read] of BAD) {
  cursor(`${name} is corruption`, () => {
    const reader = new ByteReader(Buffer.from(bytes, 'hex'), 'x');
    assert.throws(
      () => read(reader),
      (error: unknown) => error instanceof CorruptionError,
    );
  });
}

cursor('a writer refuses what it could not read back', () => {
  const writer = new ByteWriter();
  for (const value of [-1, 0.5, Number.NaN, MAX * 2]) {
    assert.throws(() => writer.varint(value), /invariant/);
  }
  for (const value of [0.5, Number.NaN, MAX * 2]) {
    assert.throws(() => writer.signedVarint(value), /invariant/);
  }
  assert.throws(() => writer.patchUint32(0, 1), /invariant/);
});

cursor('a patched length and a reset leave the rest alone', () => {
  const writer = new ByteWriter();
  writer.uint32(0);
  writer.uint8(7);
  writer.patchUint32(0, 5);
  assert.is(hex(writer.view()), '0500000007');
  writer.reset();
  writer.uint8(1);
  assert.is(hex(writer.view()), '01');
});

cursor.run();
