import { Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createProgress } from '../../../deploy/transfer/progress.ts';

const progress = suite('deploy/transfer/progress');

/** A terminal that keeps what is written to it. */
function terminal(isTTY: boolean) {
  const drawn: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      drawn.push(chunk.toString('utf8'));
      done();
    },
  });
  return { output: Object.assign(stream, { isTTY, columns: 80 }), drawn };
}

progress('a terminal sees a bar, and nothing of it is left', () => {
  const { output, drawn } = terminal(true);
  const bar = createProgress(output, 200);
  bar.update(100, 12_345);
  bar.stop();
  assert.match(drawn.join(''), /░.* 50% \| 12,345 points/s);
  assert.is(drawn.at(-1)?.includes('points'), false);
});

progress('of stdin a terminal sees the points', () => {
  const { output, drawn } = terminal(true);
  const bar = createProgress(output, undefined);
  bar.update(100, 12_345);
  bar.stop();
  assert.match(drawn.join(''), /12,345 points \| /);
  assert.not.match(drawn.join(''), /%/);
});

progress('nothing is drawn where no terminal is', () => {
  const { output, drawn } = terminal(false);
  const bar = createProgress(output, 200);
  bar.update(100, 5);
  bar.stop();
  assert.equal(drawn, []);
});

progress.run();
