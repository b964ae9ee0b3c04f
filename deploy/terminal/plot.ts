// A plot for the terminal: braille dots in colour, or one mark per series without colours.
//
//   1.2k ┤        ⢀⠤⠒⠊⠉⠑⢄
//        │    ⢀⠔⠊        ⠑⢄
//      0 ┤⠤⠔⠊
//        └──────────────────────
//        10:15       10:22   10:30

export interface PlotLine {
  readonly name: string;
  /** ms since the epoch and value, in time order. */
  readonly points: readonly (readonly [number, number])[];
}

export interface PlotOptions {
  readonly startMs: number;
  readonly endMs: number;
  /** Points further apart than 1.5 steps are not joined. */
  readonly stepMs: number;
  /** Characters of the whole plot. */
  readonly width: number;
  readonly height: number;
  readonly colour: boolean;
}

/** A character is 2 dots wide and 4 high; this is the bit of each in Unicode's braille block. */
const DOT_BITS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const BRAILLE = 0x2800;
const MARKS = '*+xo#@%&=~';
const COLOURS = [36, 33, 32, 35, 31, 34, 96, 93, 92, 95];
const AXIS_WIDTH = 9;

/** Lines of text, the legend included, each ending in a newline. */
export function renderPlot(lines: readonly PlotLine[], options: PlotOptions): string {
  const width = Math.max(20, options.width - AXIS_WIDTH - 1);
  const height = Math.max(4, options.height);
  const [low, high] = valueRange(lines);
  const grid = createGrid(width, height);
  const spanMs = Math.max(1, options.endMs - options.startMs);
  lines.forEach(({ points }, index) => {
    const x = (timeMs: number) =>
      Math.round(((timeMs - options.startMs) / spanMs) * (width * 2 - 1));
    const y = (value: number) => Math.round((1 - (value - low) / (high - low)) * (height * 4 - 1));
    drawLine(points, options.stepMs * 1.5, x, y, (dotX, dotY) => grid.set(dotX, dotY, index));
  });
  const labelledRows = new Set(
    [0, 1, 2, 3, 4].map((tick) => Math.round((tick * (height - 1)) / 4)),
  );
  const rows = Array.from({ length: height }, (_, row) => {
    const labelled = labelledRows.has(row);
    const value = high - ((high - low) * row) / (height - 1);
    const axis = labelled
      ? `${shortNumber(value).padStart(AXIS_WIDTH - 2)} ┤`
      : ' │'.padStart(AXIS_WIDTH);
    return axis + grid.row(row, options.colour);
  });
  const frame = `${' '.repeat(AXIS_WIDTH - 1)}└${'─'.repeat(width)}`;
  return [...rows, frame, timeAxis(options, width), ...legend(lines, options.colour), ''].join(
    '\n',
  );
}

interface Grid {
  set(dotX: number, dotY: number, series: number): void;
  row(row: number, colour: boolean): string;
}

/** Dots, and which series drew last in each character. */
function createGrid(width: number, height: number): Grid {
  const dots = new Uint8Array(width * height);
  const owners = new Int32Array(width * height);
  return {
    set(dotX, dotY, series) {
      const cell = (dotY >> 2) * width + (dotX >> 1);
      dots[cell]! |= DOT_BITS[dotX & 1]![dotY & 3]!;
      owners[cell] = series;
    },
    row(row, colour) {
      let text = '';
      for (let cell = row * width; cell < (row + 1) * width; cell++) {
        if (dots[cell] === 0) text += ' ';
        else if (!colour) text += mark(owners[cell]!);
        else text += paint(String.fromCharCode(BRAILLE + dots[cell]!), owners[cell]!);
      }
      return text.trimEnd();
    },
  };
}

function drawLine(
  points: PlotLine['points'],
  gapMsMax: number,
  x: (timeMs: number) => number,
  y: (value: number) => number,
  set: (dotX: number, dotY: number) => void,
): void {
  let before: readonly [number, number] | undefined;
  for (const point of points) {
    if (!Number.isFinite(point[1])) {
      before = undefined;
      continue;
    }
    const from = before !== undefined && point[0] - before[0] <= gapMsMax ? before : point;
    const [x0, y0, x1, y1] = [x(from[0]), y(from[1]), x(point[0]), y(point[1])];
    const steps = Math.max(1, Math.abs(x1 - x0), Math.abs(y1 - y0));
    for (let i = 0; i <= steps; i++) {
      set(Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps));
    }
    before = point;
  }
}

function valueRange(lines: readonly PlotLine[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const [, value] of lines.flatMap(({ points }) => points)) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  // Zero is worth showing when the values are not far from it.
  if (low > 0 && low < high * 0.6) low = 0;
  return low === high ? [low - 1, high + 1] : [low, high];
}

function timeAxis({ startMs, endMs }: PlotOptions, width: number): string {
  const day = 86_400_000;
  const text = (timeMs: number) => {
    const iso = new Date(timeMs).toISOString();
    return endMs - startMs > 2 * day ? iso.slice(5, 16).replace('T', ' ') : iso.slice(11, 19);
  };
  const [first, middle, last] = [startMs, (startMs + endMs) / 2, endMs].map(text) as [
    string,
    string,
    string,
  ];
  const left = first + middle.padStart(Math.floor((width + middle.length) / 2) - first.length);
  return ' '.repeat(AXIS_WIDTH) + left + `${last}Z`.padStart(width - left.length);
}

function legend(lines: readonly PlotLine[], colour: boolean): string[] {
  return lines.map(({ name, points }, index) => {
    const last = points.at(-1)?.[1];
    const sign = colour ? paint('━━', index) : ` ${mark(index)}`;
    return ` ${sign} ${last === undefined ? '' : shortNumber(last).padStart(8)}  ${name}`;
  });
}

/** `12.3k`, `4.56M`, `0.0012`. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return String(value).replace('Infinity', 'Inf');
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(2);
  for (const [unit, suffix] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (size >= unit) return `${Number((value / unit).toPrecision(4))}${suffix}`;
  }
  return String(Number(value.toPrecision(4)));
}

function mark(series: number): string {
  return MARKS[series % MARKS.length]!;
}

function paint(text: string, series: number): string {
  return `\u001b[${COLOURS[series % COLOURS.length]}m${text}\u001b[0m`;
}
