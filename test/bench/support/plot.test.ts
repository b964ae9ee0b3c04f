import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { plotSvg } from './plot.ts';

const plot = suite('bench/plot');

const BARS = {
  kind: 'bars',
  title: 'Sizes <of> "A & B"',
  unit: 'B',
  bars: [
    { label: 'a < b', value: 4 },
    { label: 'c & d', value: 1, isReference: true },
    { label: 'nothing', value: 0 },
  ],
} as const;
const LINE = { kind: 'line', title: 'Rate', unit: 'x/s', step: 'second' } as const;

plot('bars are to scale from zero', () => {
  const [longest, quarter, none] = numbers(
    /<rect x="\d+" y="\d+" width="([\d.]+)"/g,
    plotSvg(BARS),
  );
  assert.ok(longest! > 0);
  assert.is(quarter, longest! / 4);
  assert.is(none, 0);
});

plot('every bar and its figure are inside, however long the labels', () => {
  const bars = [{ label: 'a label that would not fit '.repeat(4), value: 1 }];
  const svg = plotSvg({ ...BARS, bars });
  const [width] = numbers(/ width="(\d+)"/g, svg);
  const [x, length] = numbers(
    /(?:<rect x=| width=)"([\d.]+)"/g,
    svg.slice(svg.indexOf('<rect x=')),
  );
  assert.ok(x! + length! < width!);
  assert.ok(x! > bars[0]!.label.length * 6);
});

plot('a line is to scale from zero', () => {
  const svg = plotSvg({ ...LINE, values: [4, 1, 0] });
  const heights = numbers(/\b[\d.]+,([\d.]+)(?=[ "])/g, /points="[^"]*"/.exec(svg)![0]);
  const bottom = heights[2]!;
  assert.is(bottom - heights[1]!, (bottom - heights[0]!) / 4);
});

for (const [name, svg] of [
  ['bars', plotSvg(BARS)],
  ['no bars', plotSvg({ ...BARS, bars: [] })],
  ['bars of nothing', plotSvg({ ...BARS, bars: [{ label: '', value: 0 }] })],
  ['a line', plotSvg({ ...LINE, values: [1, 2] })],
  ['a line of one value', plotSvg({ ...LINE, values: [1] })],
  ['a line of none', plotSvg({ ...LINE, values: [] })],
] as const) {
  plot(`${name}: the SVG is well formed`, () => {
    mustBeWellFormed(svg);
    assert.not.match(svg, /NaN|Infinity/);
  });
}

plot('what is well formed is told from what is not', () => {
  for (const text of ['<a><b></a></b>', '<a>', '<a x=1/>', '<a>&</a>', '<a/><b/>']) {
    assert.throws(() => mustBeWellFormed(text), text);
  }
});

/** One root, tags that nest, attributes in quotes, nothing else that begins with < or &. */
function mustBeWellFormed(xml: string): void {
  const open: string[] = [];
  let roots = 0;
  const tag = /<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g;
  for (const [, closing, name, , empty] of xml.matchAll(tag)) {
    if (closing === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes something else: ${xml}`);
      continue;
    }
    if (open.length === 0) roots++;
    if (empty !== '/') open.push(name!);
  }
  const rest = xml.replaceAll(tag, '').replaceAll(/&(?:amp|lt|gt|quot);/g, '');
  if (open.length > 0 || roots !== 1 || /[<>&]/.test(rest)) throw new Error(`not XML: ${xml}`);
}

function numbers(pattern: RegExp, text: string): number[] {
  return [...text.matchAll(pattern)].map(([, digits]) => Number(digits));
}

plot.run();
