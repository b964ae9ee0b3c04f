// Sound bodies made unsound in small ways, so that what reads them gets far before it notices.

import type { Rng } from '../sim/rng.ts';
import { flipBit } from '../support/damage.ts';
import { varint } from '../support/write-requests.ts';

const CHANGES_MAX = 4;
/** What a length may claim: around the end of a byte, of an int32, of a uint32, of a double. */
const CLAIMS = [0, 1, 127, 128, 2 ** 14, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53];
const EDGES = [0, 0x0a, 0x22, 0x7f, 0x80, 0xff];

type Change = (rng: Rng, bytes: Buffer, other: Buffer) => Buffer;

const CHANGES: readonly Change[] = [
  (rng, bytes) => Buffer.from(flipBit(bytes, rng.below(bytes.length), rng.below(8))),
  (rng, bytes) => insert(bytes, rng.below(bytes.length), Buffer.of(rng.pick(EDGES)), 1),
  (rng, bytes) => insert(bytes, rng.below(bytes.length), Buffer.of(rng.below(256)), 0),
  (rng, bytes) => bytes.subarray(0, rng.below(bytes.length)),
  (rng, bytes) => insert(bytes, rng.below(bytes.length), Buffer.alloc(0), rng.below(20)),
  (rng, bytes) => insert(bytes, rng.below(bytes.length), piece(rng, bytes), 0),
  (rng, bytes, other) => insert(bytes, rng.below(bytes.length), piece(rng, other), 0),
  (rng, bytes, other) =>
    Buffer.concat([
      bytes.subarray(0, rng.below(bytes.length)),
      other.subarray(rng.below(other.length)),
    ]),
];

/**
 * `body` with a few changes, by pieces of `other` among them. `words` are put into text; protobuf,
 * which has none, gets lengths that lie.
 */
export function mutate(
  rng: Rng,
  body: Buffer,
  other: Buffer,
  words: readonly string[] | undefined,
): Buffer {
  let bytes: Buffer = Buffer.from(body);
  for (let left = 1 + rng.below(CHANGES_MAX); left > 0 && bytes.length > 0; left--) {
    if (rng.chance(0.7)) bytes = Buffer.from(rng.pick(CHANGES)(rng, bytes, other));
    else if (words === undefined) bytes = lieAboutLength(rng, bytes);
    else {
      const word = Buffer.from(rng.pick(words));
      bytes = insert(bytes, rng.below(bytes.length), word, rng.below(word.length));
    }
  }
  return bytes;
}

function insert(bytes: Buffer, at: number, what: Uint8Array, insteadOf: number): Buffer {
  return Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at + insteadOf)]);
}

function piece(rng: Rng, bytes: Buffer): Buffer {
  const start = rng.below(bytes.length);
  return bytes.subarray(start, start + 1 + rng.below(60));
}

/** Another length of one field, at any depth; a bit flipped when there is none. */
function lieAboutLength(rng: Rng, bytes: Buffer): Buffer {
  const lengths = lengthFields(bytes, 0, bytes.length) ?? [];
  if (lengths.length === 0) return Buffer.from(flipBit(bytes, rng.below(bytes.length)));
  const [at, size, value] = rng.pick(lengths);
  const claim = rng.chance(0.5) ? Math.max(0, value - 2 + rng.below(5)) : rng.pick(CLAIMS);
  return insert(bytes, at, varint(claim), size);
}

type LengthField = readonly [at: number, size: number, value: number];

/** Those of a message between `start` and `end`, outer and inner; undefined when it is none. */
function lengthFields(bytes: Buffer, start: number, end: number): LengthField[] | undefined {
  const found: LengthField[] = [];
  let at = start;
  while (at < end) {
    const [tag, afterTag] = readVarint(bytes, at);
    const [value, afterValue] = readVarint(bytes, afterTag);
    if (tag < 8) return undefined;
    if (tag % 8 === 0) at = afterValue;
    else if (tag % 8 === 1) at = afterTag + 8;
    else if (tag % 8 === 5) at = afterTag + 4;
    else if (tag % 8 === 2) {
      at = afterValue + value;
      if (at > end) return undefined;
      found.push([afterTag, afterValue - afterTag, value]);
      found.push(...(lengthFields(bytes, afterValue, at) ?? []));
    } else return undefined;
  }
  return at === end ? found : undefined;
}

function readVarint(bytes: Buffer, start: number): readonly [value: number, after: number] {
  let value = 0;
  let at = start;
  for (let scale = 1; at < bytes.length; scale *= 128) {
    const byte = bytes[at++]!;
    value += (byte % 128) * scale;
    if (byte < 128) break;
  }
  return [value, at];
}
