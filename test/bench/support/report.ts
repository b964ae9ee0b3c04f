// What a benchmark leaves behind: a Markdown page with the line that matters, a table and, where a
// picture says more, an SVG plot. All under test/bench/results/, all made again by `make bench`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AWAKE_VARIABLE } from './awake.ts';
import { figure } from './figure.ts';
import { type Plot, plotSvg } from './plot.ts';

/** From dist/test/bench/support/ back to the sources, so that results can be committed. */
const resultsDir = join(dirname(fileURLToPath(import.meta.url)), '../../../../test/bench/results');

export type Row = readonly (string | number)[];

export interface Report {
  /** Of the benchmark's file, NAME.bench.ts, and of the results. */
  readonly name: string;
  readonly title: string;
  /** The one line that matters, with its figure. */
  readonly headline: string;
  /** What was measured and how, one paragraph. */
  readonly about: string;
  /** With units. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly notes?: readonly string[];
  readonly plot?: Plot;
}

/** Prints the table and the headline, writes results/NAME.md and, with a plot, NAME.svg. */
export function writeReport(report: Report): void {
  const table = markdownTable(report.columns, report.rows);
  console.log(`${table.join('\n')}\n\n${report.headline}`);
  mkdirSync(resultsDir, { recursive: true });
  writeFileSync(join(resultsDir, `${report.name}.md`), reportMarkdown(report, machine()));
  if (report.plot !== undefined) {
    writeFileSync(join(resultsDir, `${report.name}.svg`), plotSvg(report.plot));
  }
}

export function reportMarkdown(report: Report, measuredOn: string): string {
  const { name, title, headline, about, columns, rows, notes = [], plot } = report;
  const paragraphs = [
    [`# ${title}`],
    [`**${headline}**`],
    [about],
    markdownTable(columns, rows),
    notes.map((note) => `- ${note}`),
    plot === undefined ? [] : [`![${plot.title}](${name}.svg)`],
    [`Measured on ${measuredOn}. Run it again with \`make bench ARGS=${name}\`.`],
  ];
  return `${paragraphs
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** Lines of equal length: words to the left, figures to the right. */
function markdownTable(columns: readonly string[], rows: readonly Row[]): string[] {
  const isFigure = columns.map((_, i) => rows.every((row) => typeof row[i] === 'number'));
  const cells = [columns, ...rows].map((row) => row.map(cellText));
  const widths = columns.map((_, i) => Math.max(3, ...cells.map((row) => row[i]!.length)));
  const lines = cells.map((row) => {
    const padded = row.map((text, i) => {
      return isFigure[i] ? text.padStart(widths[i]!) : text.padEnd(widths[i]!);
    });
    return `| ${padded.join(' | ')} |`;
  });
  const rule = widths.map((width, i) => `${'-'.repeat(width - 1)}${isFigure[i] ? ':' : '-'}`);
  lines.splice(1, 0, `| ${rule.join(' | ')} |`);
  return lines;
}

function cellText(cell: string | number): string {
  return typeof cell === 'number' ? figure(cell) : cell.replaceAll('|', '\\|');
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'an unknown processor';
  const date = new Date().toISOString().slice(0, 10);
  const awake = process.env[AWAKE_VARIABLE] === undefined ? '' : ' that were kept awake';
  return `${availableParallelism()} cores of ${model}${awake}, Node ${process.version}, ${date}`;
}
