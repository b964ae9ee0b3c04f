import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { renderPlot, shortNumber } from '../../../deploy/terminal/plot.ts';

const plot = suite('deploy/terminal/plot');

const FRAME = {
  startMs: 0,
  endMs: 600_000,
  stepMs: 60_000,
  width: 60,
  height: 9,
  colour: false,
};

function ramp(count: number, value: (index: number) => number): [number, number][] {
  return Array.from({ length: count }, (_, index) => [index * 60_000, value(index)]);
}

plot('a rising line goes from the lower left to the upper right, with axes and a legend', () => {
  const text = renderPlot([{ name: 'up{job="x"}', points: ramp(11, (i) => i * 100) }], FRAME);
  const rows = text.split('\n');
  assert.match(rows[0]!, /^ {5}1k ┤ +\*+$/);
  assert.match(rows[8]!, /^ {6}0 ┤\*+$/);
  assert.match(rows[9]!, /^ {8}└─+$/);
  assert.match(rows[10]!, /^ +00:00:00 +00:05:00 +00:10:00Z$/);
  assert.match(rows[11]!, /\* +1k {2}up\{job="x"\}$/);
  assert.ok(
    rows.every((row) => row.length <= FRAME.width),
    text,
  );
});

plot('every series has a mark of its own', () => {
  const lines = [1, 2].map((n) => ({ name: `s${n}`, points: ramp(11, () => n) }));
  const text = renderPlot(lines, FRAME);
  assert.match(text, /\* +1 {2}s1/);
  assert.match(text, /\+ +2 {2}s2/);
});

plot('a gap stays open', () => {
  const points = ramp(11, () => 1).filter((_, index) => index < 3 || index > 7);
  const row = renderPlot([{ name: 'a', points }], FRAME)
    .split('\n')
    .find((line) => line.includes('*'))!;
  assert.match(row, /\*+ {10,}\*+/);
});

plot('no points, a constant, NaN and infinities are drawn without harm', () => {
  for (const values of [[], [5], [Number.NaN], [Number.POSITIVE_INFINITY, 1], [-3, -3]]) {
    const points = ramp(values.length, (index) => values[index]!);
    const text = renderPlot([{ name: 'a', points }], FRAME);
    assert.not.match(text.split('\n').slice(0, 11).join('\n'), /NaN|undefined|Infinity/);
  }
});

plot('colour draws dots instead of marks', () => {
  const text = renderPlot([{ name: 'a', points: ramp(11, (i) => i) }], { ...FRAME, colour: true });
  assert.ok(text.includes('\u001b[36m'));
  assert.match(text, /[\u2801-\u28ff]/);
});

const NUMBERS: readonly [number, string][] = [
  [0, '0'],
  [1234567, '1.235M'],
  [-2500, '-2.5k'],
  [0.5, '0.5'],
  [1e-7, '1.00e-7'],
  [1.5e15, '1.50e+15'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
];
for (const [value, expected] of NUMBERS) {
  plot(`${value} is short as ${expected}`, () => {
    assert.is(shortNumber(value), expected);
  });
}

plot.run();
