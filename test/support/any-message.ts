// Messages as bytes, written in every way proto3 allows: fields in any order, repeated ones packed
// or not, singular ones more than once, submessages in pieces, unknown fields between them.

import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { field, varint } from './write-requests.ts';

/** Submessages of a message that nest deeper are left out. */
const DEPTH_MAX = 6;

/** Values are such that a double holds them exactly; doubles are never NaN. */
export function anyMessage(schema: DescMessage, depth = 0): fc.Arbitrary<Buffer> {
  const known = schema.fields
    .filter(({ message }) => message === undefined || depth < DEPTH_MAX)
    .map((one) => fieldOf(one, depth));
  return fc
    .tuple(fc.tuple(...known), fc.array(unknownField, { maxLength: 1 }))
    .chain(([fields, unknown]) => {
      const all = [...fields.flat(), ...unknown];
      return fc.shuffledSubarray(all, { minLength: all.length });
    })
    .map((fields) => Buffer.concat(fields));
}

function fieldOf(desc: DescField, depth: number): fc.Arbitrary<Buffer[]> {
  const { number } = desc;
  if (desc.message !== undefined) {
    const content = anyMessage(desc.message, depth + 1);
    return occurrences(desc, content).map((all) => all.map((bytes) => field(number, bytes)));
  }
  const scalar = desc.fieldKind === 'enum' ? ScalarType.INT32 : desc.scalar!;
  const { wireType, bytes } = scalarOf(scalar);
  const alone = (value: Buffer) =>
    wireType === 2 ? field(number, value) : Buffer.concat([varint(number * 8 + wireType), value]);
  if (desc.fieldKind !== 'list' || wireType === 2) {
    return occurrences(desc, bytes).map((all) => all.map(alone));
  }
  return fc
    .tuple(fc.array(bytes, { maxLength: 4 }), fc.array(bytes, { maxLength: 2 }))
    .map(([packed, loose]) => [
      ...(packed.length > 0 ? [field(number, Buffer.concat(packed))] : []),
      ...loose.map(alone),
    ]);
}

/** Mostly as often as a proper message has it. */
function occurrences(desc: DescField, one: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer[]> {
  if (desc.fieldKind === 'list') return fc.array(one, { maxLength: 3 });
  const twice = { weight: 1, arbitrary: fc.array(one, { minLength: 2, maxLength: 2 }) };
  const once = { weight: 4, arbitrary: one.map((bytes) => [bytes]) };
  return fc.oneof(once, { weight: 3, arbitrary: fc.constant<Buffer[]>([]) }, twice);
}

interface Scalar {
  readonly wireType: number;
  readonly bytes: fc.Arbitrary<Buffer>;
}

const text: Scalar = {
  wireType: 2,
  bytes: fc.string({ unit: 'grapheme', maxLength: 4 }).map((value) => Buffer.from(value)),
};

function scalarOf(type: ScalarType): Scalar {
  switch (type) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BYTES:
      return { wireType: 2, bytes: fc.uint8Array({ maxLength: 4 }).map((b) => Buffer.from(b)) };
    case ScalarType.DOUBLE:
      return { wireType: 1, bytes: fc.double({ noNaN: true }).map(eightBytes) };
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return { wireType: 1, bytes: fc.uint8Array({ minLength: 8, maxLength: 8 }).map(toBuffer) };
    case ScalarType.SINT32:
      return { wireType: 0, bytes: fc.oneof(fc.nat(9), fc.nat({ max: 2 ** 32 - 1 })).map(varint) };
    case ScalarType.BOOL:
    case ScalarType.INT32:
    case ScalarType.UINT32:
      return { wireType: 0, bytes: fc.nat(3).map(varint) };
    default:
      return { wireType: 0, bytes: fc.maxSafeNat().map(varint) };
  }
}

function eightBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}

const unknownField: fc.Arbitrary<Buffer> = fc.oneof(
  fc.maxSafeNat().map((value) => Buffer.concat([varint(100 * 8), varint(value)])),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => field(536_870_911, bytes)),
  fc.constant(Buffer.concat([varint(99 * 8 + 3), field(1, Buffer.from('x')), varint(99 * 8 + 4)])),
);
