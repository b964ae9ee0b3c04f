// The explorer page: asks the HTTP API and shows the answer. The query and the range live in the
// address, so that a graph can be passed on.

import { clockText, colourOf, drawPlot, shortNumber } from './plot.js';

const POINTS_PER_LINE = 240;
const STEP_SECONDS_MIN = 5;
const FOLLOW_EVERY_MS = 10_000;
const SERIES_SHOWN_MAX = 100;

const byId = (id) => document.getElementById(id);
const [form, query, range, follow] = ['form', 'query', 'range', 'follow'].map(byId);
const [message, plot, tip] = ['message', 'plot', 'tip'].map(byId);
const legend = byId('legend').tBodies[0];

let shown = { series: [], drawing: undefined, frame: undefined };
let asked = 0;

async function ask(path, parameters) {
  const response = await fetch(`/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const answer = await response.json();
  if (answer.status !== 'success') throw new Error(answer.error);
  return answer;
}

async function run() {
  const expression = query.value.trim();
  if (expression === '') return;
  const question = ++asked;
  const span = Number(range.value);
  history.replaceState(null, '', `#${new URLSearchParams({ q: expression, range: range.value })}`);
  const step = Math.max(STEP_SECONDS_MIN, Math.ceil(span / POINTS_PER_LINE));
  const end = Math.floor(Date.now() / 1000 / step) * step;
  const began = performance.now();
  try {
    const parameters = { query: expression, start: end - span, end, step };
    const { data, warnings = [] } = await ask('query_range', parameters);
    if (question !== asked) return; // a later question has been asked since
    show(data.result, { start: end - span, end, step });
    const took = Math.round(performance.now() - began);
    say([`${data.result.length} series in ${took} ms, step ${step} s`, ...warnings].join(' · '));
  } catch (error) {
    if (question === asked) say(error.message, true);
  }
}

function show(result, frame) {
  const series = result.slice(0, SERIES_SHOWN_MAX).map(({ metric, values }) => ({
    name: seriesName(metric),
    points: values.map(([time, text]) => [time, parseValue(text)]),
  }));
  const lines = series.map(({ points }) => points);
  shown = { series, drawing: drawPlot(plot, lines, frame), frame };
  tip.hidden = true;
  legend.replaceChildren(...series.map(legendRow));
}

function legendRow({ name, points }, index) {
  const row = document.createElement('tr');
  const [mark, title, value] = [row.insertCell(), row.insertCell(), row.insertCell()];
  const swatch = mark.appendChild(document.createElement('span'));
  swatch.className = 'swatch';
  swatch.style.background = colourOf(index);
  title.textContent = name;
  value.textContent = shortNumber(points.at(-1)?.[1] ?? Number.NaN);
  row.addEventListener('mouseenter', () => emphasise(index));
  row.addEventListener('mouseleave', () => emphasise(undefined));
  return row;
}

function emphasise(index) {
  plot.querySelectorAll('path').forEach((path, at) => {
    path.classList.toggle('dimmed', index !== undefined && at !== index);
  });
}

/** `name{label="value"}`, as PromQL writes it. */
function seriesName({ __name__: name = '', ...labels }) {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return pairs.length > 0 || name === '' ? `${name}{${pairs.join(', ')}}` : name;
}

function parseValue(text) {
  return Number(text.replace('Inf', 'Infinity'));
}

function say(text, isError = false) {
  message.textContent = text;
  message.classList.toggle('error', isError);
}

function pointAt(event) {
  const { drawing, series, frame } = shown;
  const box = plot.getBoundingClientRect();
  const time = drawing?.timeAt(event.clientX - box.left);
  if (time === undefined || time < frame.start || time > frame.end) return leave();
  const nearest = Math.round((time - frame.start) / frame.step) * frame.step + frame.start;
  const rows = series
    .map(({ name, points }) => ({ name, value: points.find(([at]) => at === nearest)?.[1] }))
    .filter(({ value }) => value !== undefined)
    .sort((a, b) => b.value - a.value)
    .slice(0, 14)
    .map(({ name, value }) => `${shortNumber(value).padStart(9)}  ${name}`);
  drawing.showCursor(nearest);
  tip.hidden = rows.length === 0;
  tip.textContent = [clockText(nearest, 0), ...rows].join('\n');
  const onLeft = event.clientX - box.left > box.width / 2;
  tip.style.left = onLeft ? '76px' : 'auto';
  tip.style.right = onLeft ? 'auto' : '20px';
}

function leave() {
  shown.drawing?.showCursor(undefined);
  tip.hidden = true;
}

async function suggestNames() {
  const { data } = await ask('label/__name__/values', { limit: 2000 });
  byId('names').replaceChildren(...data.map((name) => new Option(name)));
}

async function showVersion() {
  const { data } = await ask('status/buildinfo', {});
  byId('version').textContent = data.version;
}

const address = new URLSearchParams(location.hash.slice(1));
query.value = address.get('q') ?? 'node_load1';
if (address.has('range')) range.value = address.get('range');

form.addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});
range.addEventListener('change', run);
byId('examples').addEventListener('click', ({ target }) => {
  if (!(target instanceof HTMLButtonElement)) return;
  query.value = target.textContent;
  run();
});
plot.addEventListener('mousemove', pointAt);
plot.addEventListener('mouseleave', leave);
window.addEventListener('resize', run);
setInterval(() => {
  if (follow.checked && !document.hidden) run();
}, FOLLOW_EVERY_MS);

run();
// The page works without these; the query itself tells when the server is away.
Promise.allSettled([suggestNames(), showVersion()]);
