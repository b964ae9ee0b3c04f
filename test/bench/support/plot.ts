// Plots as SVG: bars to scale from zero, and a line over time.

import { figure } from './figure.ts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Drawn grey: something that ours is held against. */
  readonly isReference?: boolean;
}

interface Titled {
  readonly title: string;
  /** Of the values. */
  readonly unit: string;
}

export interface BarPlot extends Titled {
  readonly kind: 'bars';
  readonly bars: readonly Bar[];
}

/** `values` at even distances. */
export interface LinePlot extends Titled {
  readonly kind: 'line';
  readonly values: readonly number[];
  /** What one step to the right is: "second". */
  readonly step: string;
}

export type Plot = BarPlot | LinePlot;

/** At the font's size, more or less. */
const LETTER_WIDTH = 6.6;
const LABEL_MIN = 120;
const BAR_MAX = 420;
const FIGURE_WIDTH = 90;
const ROW_HEIGHT = 26;
const TOP = 44;
const LINE_WIDTH = 780;
const LINE_HEIGHT = 200;
const LINE_LEFT = 90;
const INK = '#3b6ea5';
const REFERENCE_INK = '#a9b4bf';

export function plotSvg(plot: Plot): string {
  return plot.kind === 'bars' ? barsSvg(plot) : lineSvg(plot);
}

function barsSvg({ title, unit, bars }: BarPlot): string {
  const max = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const letters = Math.max(0, ...bars.map(({ label }) => label.length));
  const left = Math.round(Math.max(LABEL_MIN, 26 + letters * LETTER_WIDTH));
  const rows = bars.map(({ label, value, isReference }, i) => {
    const y = TOP + i * ROW_HEIGHT;
    const length = (value / max) * BAR_MAX;
    const ink = isReference ? REFERENCE_INK : INK;
    return [
      text(left - 10, y + 13, label, 'end'),
      `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="18" fill="${ink}"/>`,
      text(left + length + 6, y + 13, figure(value)),
    ].join('');
  });
  const height = TOP + bars.length * ROW_HEIGHT + 10;
  return svg(left + BAR_MAX + FIGURE_WIDTH, height, `${title} (${unit})`, rows);
}

function lineSvg({ title, unit, values, step }: LinePlot): string {
  const max = Math.max(...values, Number.MIN_VALUE);
  const bottom = TOP + LINE_HEIGHT;
  const stepWidth = (LINE_WIDTH - LINE_LEFT - 30) / Math.max(1, values.length - 1);
  const points = values.map((value, i) => {
    const x = LINE_LEFT + i * stepWidth;
    return `${x.toFixed(1)},${(bottom - (value / max) * LINE_HEIGHT).toFixed(1)}`;
  });
  return svg(LINE_WIDTH, bottom + 40, `${title} (${unit})`, [
    `<path d="M${LINE_LEFT},${TOP}V${bottom}H${LINE_WIDTH - 30}" fill="none" stroke="#888"/>`,
    `<polyline points="${points.join(' ')}" fill="none" stroke="${INK}" stroke-width="2"/>`,
    text(LINE_LEFT - 8, TOP + 5, figure(max), 'end'),
    text(LINE_LEFT - 8, bottom, '0', 'end'),
    text(LINE_WIDTH - 30, bottom + 20, `${step} ${values.length}`, 'end'),
  ]);
}

function text(x: number, y: number, content: string, anchor?: 'end'): string {
  const aligned = anchor === undefined ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${x.toFixed(1)}" y="${y}"${aligned}>${escapeXml(content)}</text>`;
}

function svg(width: number, height: number, title: string, content: readonly string[]): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="13">`,
    `<title>${escapeXml(title)}</title>`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="16" y="26" font-size="15">${escapeXml(title)}</text>`,
    ...content,
    '</svg>\n',
  ].join('\n');
}

function escapeXml(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
