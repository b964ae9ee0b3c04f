// Draws series over time into an SVG element: axes, lines that break at gaps, a cursor.

const SVG = 'http://www.w3.org/2000/svg';
const MARGIN = { top: 14, right: 34, bottom: 26, left: 64 };
const TIME_STEPS_SECONDS = [
  1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800,
];
const HUES = [22, 205, 145, 275, 48, 330, 180, 0, 95, 240];

/** A colour for the series at `index` that reads on light and on dark. */
export function colourOf(index) {
  const hue = HUES[index % HUES.length];
  return `hsl(${hue} 62% ${index < HUES.length ? 50 : 66}%)`;
}

/** `12.3k`, `4.56M`, `0.0012`: short enough for an axis. */
export function shortNumber(value) {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return String(value);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(2);
  const [unit, suffix] = [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ].find(([limit]) => size >= limit) ?? [1, ''];
  return `${Number((value / unit).toPrecision(4))}${suffix}`;
}

/**
 * `lines` are arrays of [seconds, value] in time order; a gap wider than 1.5 `step` is left open.
 * Returns what a pointer needs: the time at an x in pixels, and a way to show a cursor there.
 */
export function drawPlot(svg, lines, { start, end, step }) {
  const { width, height } = svg.getBoundingClientRect();
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.replaceChildren();
  const [low, high] = valueRange(lines);
  const spanX = width - MARGIN.left - MARGIN.right;
  const spanY = height - MARGIN.top - MARGIN.bottom;
  const x = (time) => MARGIN.left + ((time - start) / (end - start)) * spanX;
  const y = (value) => MARGIN.top + (1 - (value - low) / (high - low)) * spanY;

  for (const value of valueTicks(low, high)) {
    add(svg, 'line', {
      class: 'grid',
      x1: MARGIN.left,
      x2: width - MARGIN.right,
      y1: y(value),
      y2: y(value),
    });
    label(svg, shortNumber(value), { x: MARGIN.left - 8, y: y(value) + 4, 'text-anchor': 'end' });
  }
  for (const time of timeTicks(start, end, spanX / 90)) {
    label(svg, clockText(time, end - start), {
      x: x(time),
      y: height - 8,
      'text-anchor': 'middle',
    });
  }
  lines.forEach((points, index) => {
    add(svg, 'path', { d: pathOf(points, x, y, step * 1.5), stroke: colourOf(index) });
  });
  const cursor = add(svg, 'line', { class: 'cursor', y1: MARGIN.top, y2: height - MARGIN.bottom });
  cursor.setAttribute('visibility', 'hidden');
  return {
    timeAt: (pixel) => start + ((pixel - MARGIN.left) / spanX) * (end - start),
    showCursor(time) {
      cursor.setAttribute('visibility', time === undefined ? 'hidden' : 'visible');
      if (time === undefined) return;
      cursor.setAttribute('x1', x(time));
      cursor.setAttribute('x2', x(time));
    },
  };
}

/** The time of day, with the date when `span` seconds are more than a day. */
export function clockText(time, span) {
  const text = new Date(time * 1000).toLocaleString('sv-SE');
  if (span > 2 * 86400) return text.slice(5, 10);
  return span > 1200 ? text.slice(11, 16) : text.slice(11, 19);
}

function pathOf(points, x, y, gapMax) {
  let path = '';
  let before;
  for (const [time, value] of points) {
    if (!Number.isFinite(value)) {
      before = undefined;
      continue;
    }
    const joined = before !== undefined && time - before <= gapMax;
    // A point on its own is a line of no length, whose round ends make a dot.
    path += joined ? `L${x(time)} ${y(value)}` : `M${x(time)} ${y(value)}h0`;
    before = time;
  }
  return path;
}

function valueRange(lines) {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const points of lines) {
    for (const [, value] of points) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [0, 1];
  // Zero is worth showing when the values are not far from it.
  if (low > 0 && low < high * 0.6) low = 0;
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low === 0 ? 0 : low - room, high + room];
}

function valueTicks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const ticks = [];
  for (let tick = Math.ceil(low / step); tick * step <= high; tick++) ticks.push(tick * step);
  return ticks;
}

function timeTicks(start, end, countMax) {
  const step = TIME_STEPS_SECONDS.find((one) => (end - start) / one <= countMax) ?? 30 * 86400;
  const zone = new Date(start * 1000).getTimezoneOffset() * 60;
  const ticks = [];
  for (let time = Math.ceil((start - zone) / step) * step + zone; time <= end; time += step) {
    ticks.push(time);
  }
  return ticks;
}

function label(svg, text, attributes) {
  add(svg, 'text', attributes).textContent = text;
}

function add(svg, name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return svg.appendChild(element);
}
