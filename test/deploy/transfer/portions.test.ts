import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { portionsOf } from '../../../deploy/transfer/portions.ts';
import { property } from '../../support/seed.ts';

const portions = suite('deploy/transfer/portions');

const anyLines = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\r'), maxLength: 12 }));

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = at + (sizes[i % sizes.length] ?? bytes.length);
    yield bytes.subarray(at, end);
    at = end;
  }
}

portions('whole lines from the one asked for on, however the bytes come', async () => {
  const anyCuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });
  const inputs = fc.record({
    lines: anyLines,
    sizes: anyCuts,
    isEnded: fc.boolean(),
    fromLine: fc.integer({ min: 1, max: 8 }),
    portionBytes: fc.integer({ min: 1, max: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(inputs, async ({ lines, sizes, isEnded, fromLine, portionBytes }) => {
      const text = lines.join('\n') + (isEnded && lines.length > 0 ? '\n' : '');
      const wanted = text
        .split('\n')
        .slice(fromLine - 1)
        .join('\n');
      let nextLine = fromLine;
      const found: string[] = [];
      for await (const portion of portionsOf(
        cut(Buffer.from(text), sizes),
        fromLine,
        portionBytes,
      )) {
        const body = portion.bytes.toString('utf8');
        assert.is(portion.firstLine, nextLine);
        assert.is(portion.lines, body.replace(/\n$/, '').split('\n').length);
        nextLine += portion.lines;
        found.push(body);
      }
      assert.is(found.join(''), wanted);
      for (const body of found.slice(0, -1)) assert.ok(body.endsWith('\n'));
    }),
    property(500),
  );
});

portions.run();
