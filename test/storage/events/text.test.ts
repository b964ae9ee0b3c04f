import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesAt } from '../../../storage/coding/byte-column.ts';
import { openText } from '../../../storage/events/text-reader.ts';
import { createTextWriter } from '../../../storage/events/text-writer.ts';
import { property } from '../../support/seed.ts';

const text = suite('storage/events/text');

const NO_BYTES = new Uint8Array(0);

function open(bodies: readonly Uint8Array[], attributes: readonly Uint8Array[] = []) {
  const writer = createTextWriter();
  for (const [i, body] of bodies.entries()) writer.add(body, attributes[i] ?? NO_BYTES);
  return openText(writer.finish(), 'test', 0);
}

function bodiesOf(bodies: readonly Uint8Array[]): string[] {
  const column = open(bodies).bodies();
  return bodies.map((_, i) => Buffer.from(bytesAt(column, i)).toString('latin1'));
}

const latin1 = (line: string): Buffer => Buffer.from(line, 'latin1');

const LINES = [
  '',
  ' ',
  '"',
  '10.0.0.7 - - [22/Nov/2026:13:10:19 +0000] "GET /v1/items?id=42 HTTP/1.1" 200 1234 "-" "curl/8"',
  'level=info msg="took 12 ms" 1 2 3',
  'v1 1v 1_ _1 1 11 1.5e10',
  'two\nlines',
  'a zero \0 byte',
  '\u00ff\u00fe 99',
  Array.from({ length: 50 }, (_, i) => `field${i}`).join(' '),
  '0',
];

text('every body comes back byte by byte', () => {
  assert.equal(bodiesOf(LINES.map(latin1)), LINES);
});

text('any bodies come back, of few and of many shapes', () => {
  const part = fc.oneof(
    fc.constantFrom(' ', '"', 'GET', 'x1', '=', '\n', '\0', '-'),
    fc.nat(9999).map(String),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  const line = fc.array(part, { maxLength: 20 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), (lines) => {
      assert.equal(bodiesOf(lines.map(latin1)), lines);
    }),
    property(300),
  );
});

text('a column of more shapes than a byte tells apart is written out', () => {
  for (const count of [255, 256, 257, 1000]) {
    const letters = (i: number) =>
      [...i.toString(26)].map((c) => (/\d/.test(c) ? 'z' : c)).join('');
    const lines = Array.from(
      { length: count },
      (_, i) => `${letters(i)}${'k'.repeat(i % 300)} ${i}`,
    );
    assert.equal(bodiesOf(lines.map(latin1)), lines);
  }
});

text('attributes come back, also when hardly any event has some', () => {
  const attributes = [NO_BYTES, Uint8Array.of(1, 2, 3), NO_BYTES];
  const column = open([latin1('a'), latin1('b'), latin1('c')], attributes).attributes();
  assert.equal(
    attributes.map((_, i) => [...bytesAt(column, i)]),
    [[], [1, 2, 3], []],
  );
  const none = open([latin1('a')]).attributes();
  assert.equal([...bytesAt(none, 0)], []);
});

text('a text that occurs is never ruled out', () => {
  const block = open(LINES.map(latin1));
  for (const line of LINES) {
    for (let from = 0; from < line.length; from += 3) {
      for (const length of [1, 2, 5, 12, 40]) {
        const needle = line.slice(from, from + length);
        assert.ok(block.mayContain(latin1(needle)), JSON.stringify(needle));
      }
    }
  }
  assert.ok(block.mayContain(NO_BYTES));
});

text('words and numbers that no body has rule a block out', () => {
  const block = open(LINES.map(latin1));
  for (const needle of ['POST', 'id=77', '10.0.0.8888', 'took 77 ms', 'fields']) {
    assert.not.ok(block.mayContain(latin1(needle)), needle);
  }
});

text('bytes that are not what was written are found', () => {
  const writer = createTextWriter();
  for (const line of LINES) writer.add(latin1(line), NO_BYTES);
  const bytes = writer.finish();
  for (let at = 0; at < bytes.length; at += 7) {
    const harmed = bytes.slice();
    harmed[at]! ^= 0x10;
    assert.throws(() => openText(harmed, 'test', 0), /test is damaged at byte 0/);
  }
});

text.run();
