import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Report, reportMarkdown } from './report.ts';

const report = suite('bench/report');

const REPORT: Report = {
  name: 'rocks',
  title: 'Rocks',
  headline: 'A rock weighs 1.50 kg.',
  about: 'Rocks were weighed.',
  columns: ['rock', 'kg'],
  rows: [
    ['a | b', 1.5],
    ['chalk', 1_234_567],
  ],
};

report('a page leads with its figure and says how to get it again', () => {
  const page = reportMarkdown({ ...REPORT, notes: ['Wet ones.'] }, '2 cores');
  assert.is(
    page,
    [
      '# Rocks',
      '',
      '**A rock weighs 1.50 kg.**',
      '',
      'Rocks were weighed.',
      '',
      '| rock   |        kg |',
      '| ------ | --------: |',
      '| a \\| b |      1.50 |',
      '| chalk  | 1,234,567 |',
      '',
      '- Wet ones.',
      '',
      'Measured on 2 cores. Run it again with `make bench ARGS=rocks`.',
      '',
    ].join('\n'),
  );
});

report('a page shows its plot', () => {
  const plot = { kind: 'bars', title: 'Weights', unit: 'kg', bars: [] } as const;
  assert.match(reportMarkdown({ ...REPORT, plot }, '2 cores'), '\n![Weights](rocks.svg)\n');
  assert.not.match(reportMarkdown(REPORT, '2 cores'), '.svg');
});

for (const [value, text] of [
  [0, '0'],
  [1234, '1,234'],
  [1234.5, '1,235'],
  [12.345, '12.3'],
  [0.012345, '0.0123'],
  [Number.NaN, '-'],
] as const) {
  report(`${value} is written as ${text}`, () => {
    const page = reportMarkdown({ ...REPORT, rows: [['one', value]] }, '2 cores');
    assert.match(page, new RegExp(`^\\| one  \\| +${text} \\|$`, 'm'));
  });
}

report.run();
