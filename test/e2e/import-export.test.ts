// Files into a server, out of it, into another and out of that, by the program itself: what comes
// out is what went in, bit for bit, and the second export is the first, byte for byte.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { anyBits, bitsOf, metricLike, sameBits } from '../support/bits.ts';
import { suite } from '../support/suite.ts';
import {
  pipeVarve,
  QUIET,
  runVarve,
  serveVarve,
  type VarveProcess,
} from '../support/varve-process.ts';

const roundTrip = suite('e2e/import-export');

const SERIES = 120;
const SEED = Number(process.env['SEED'] ?? 20_261_122);
/** Any time at all is kept. */
const ANY_TIME = [
  ...['--set', 'retention.policies=[{name: all, match: "{}", keep: forever, window: 366d}]'],
  ...['--set', 'ingest.max_future=forever'],
];
const EVERYTHING = ['--match', '{__name__!=""}'];

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

const dir = mkdtempSync(join(tmpdir(), 'varve-round-trip-'));
let servers: readonly VarveProcess[] = [];

roundTrip.before(async () => {
  const args = [...QUIET, ...ANY_TIME];
  servers = await Promise.all([serveVarve(...args), serveVarve(...args)]);
});
roundTrip.after(async () => {
  for (const server of servers) assert.is((await server.stop()).code, 0);
  rmSync(dir, { recursive: true });
});

const anyText = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
/** From the first instant to the last; near each other, for every window is a file. */
const anyTimes = fc.record({
  startMs: fc.constantFrom(-(2 ** 53), -1000, 0, 1_700_000_000_123, 2 ** 53 - 400 * 60_000),
  stepMs: fc.constantFrom(1, 1000, 60_000),
});
const anySeries = fc.record({
  times: anyTimes,
  values: fc.oneof(anyBits, metricLike),
  labels: fc.dictionary(anyText, anyText, { maxKeys: 5 }),
});

/** Distinct ones: each has a number of its own. */
function sample(): Series[] {
  console.log(`seed ${SEED}`);
  const sampled = fc.sample(anySeries, { seed: SEED, numRuns: SERIES });
  return sampled.map(({ labels, times: { startMs, stepMs }, values }, i) => ({
    values,
    timestampsMs: values.map((_, at) => startMs + at * stepMs),
    metric: { ...labels, __name__: `any "name" ${i % 7}`, number: String(i) },
  }));
}

/** In a way of its own: other words, and other keys first. */
function toLine({ metric, timestampsMs, values }: Series): string {
  const words = bitsOf(values);
  const texts = Array.from(values, (value, i) => {
    if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : JSON.stringify(value);
    if (!Number.isNaN(value)) return value > 0 ? '"+Inf"' : '"-Inf"';
    const [low, high] = [words[2 * i]!, words[2 * i + 1]!];
    return `"nan:${[high, low].map((word) => word.toString(16).padStart(8, '0')).join('')}"`;
  });
  const labels = JSON.stringify(metric);
  return `{"timestamps":[${timestampsMs}],"values":[${texts}],"metric":${labels}}\n`;
}

const WORDS: Readonly<Record<string, bigint>> = {
  null: 0x7ff8000000000001n,
  StaleNaN: 0x7ff0000000000002n,
  Infinity: 0x7ff0000000000000n,
  '-Infinity': 0xfff0000000000000n,
};

function fromLine(line: string): Series {
  const { metric, values, timestamps } = JSON.parse(line) as {
    metric: Record<string, string>;
    values: (number | string | null)[];
    timestamps: number[];
  };
  const read = new Float64Array(values.length);
  const bits = new BigUint64Array(read.buffer);
  for (const [i, value] of values.entries()) {
    if (typeof value === 'number') read[i] = value;
    else bits[i] = WORDS[String(value)] ?? BigInt(`0x${String(value).slice('NaN:'.length)}`);
  }
  return { metric, timestampsMs: Float64Array.from(timestamps), values: read };
}

roundTrip('what is imported is exported bit for bit, and again from the next server', async () => {
  const [first, second] = servers as [VarveProcess, VarveProcess];
  const series = sample();
  const points = series.reduce((sum, { values }) => sum + values.length, 0);
  const input = join(dir, 'input.jsonl');
  writeFileSync(input, series.map(toLine).join(''));
  const imported = await runVarve('import', '--http', first.http, input);
  assert.equal([imported.code, imported.stderr], [0, '']);
  const count = points.toLocaleString('en-US');
  assert.is(imported.stdout, `imported ${count} points from ${SERIES} lines\n`);

  const exported = join(dir, 'first.jsonl.gz');
  const toFile = ['--output', exported];
  const done = await runVarve('export', '--http', first.http, ...EVERYTHING, ...toFile);
  assert.equal(done, { code: 0, stdout: '', stderr: '' });
  const text = gunzipSync(readFileSync(exported)).toString('utf8');
  const found = new Map(
    text
      .trimEnd()
      .split('\n')
      .map((line) => fromLine(line))
      .map((one) => [one.metric['number'], one]),
  );
  assert.is(found.size, SERIES);
  for (const { metric, timestampsMs, values } of series) {
    const other = found.get(metric['number'])!;
    assert.equal(other.metric, metric);
    assert.equal(other.timestampsMs, timestampsMs);
    sameBits(other.values, values, `series ${metric['number']}`);
  }

  assert.is((await runVarve('import', '--http', second.http, exported)).code, 0);
  // From memory and from tables it is the same.
  for (const flushed of [false, true]) {
    if (flushed) await fetch(`${second.http}/api/v1/admin/flush`, { method: 'POST' });
    const again = await runVarve('export', '--http', second.http, ...EVERYTHING);
    assert.is(again.code, 0);
    assert.is(again.stdout, text);
  }
});

roundTrip('events come out as they went in, and count once however often', async () => {
  const input = [
    '{"stream":{"service":"api"},"events":[["1767225600000000007","GET /a",{"trace":"0a"}],' +
      '["1767225600000000007","GET /b"],["1767225600000000009",{"base64":"/wA="}]]}\n',
    '{"stream":{"service":"db"},"events":[["1767225600000000008","SELECT 1"]]}\n',
  ];
  const selected = ['--match', '{service=~"api|db"}'];
  for (const { http } of servers) {
    for (let times = 0; times < 2; times++) {
      const { code, stdout } = await pipeVarve(input.join(''), 'import', '--http', http, '-');
      assert.equal([code, stdout], [0, 'imported 4 points from 2 lines\n']);
    }
    const { stdout } = await runVarve('export', '--http', http, ...selected);
    assert.is(stdout, input.join(''));
  }
});

roundTrip('other formats come in through stdin, and queries see them', async () => {
  const { http } = servers[0]!;
  const nowS = Math.floor(Date.now() / 1000);
  const imports: readonly (readonly [args: string[], input: string])[] = [
    [['--format', 'influx', '--precision', 's'], `stdin,from=lp seconds=0 ${nowS}\n`],
    [['--format', 'openmetrics'], `stdin_seconds{from="om"} 1 ${nowS}.5\n# EOF\n`],
    [
      ['--format', 'csv', '--columns', '1:time:unix_s,2:label:from,3:metric:stdin_seconds'],
      `${nowS},"c,s""v",2\n`,
    ],
    [
      [],
      '{"metric":{"__name__":"stdin_seconds","from":"jsonl"},"values":[3],' +
        `"timestamps":[${nowS}000]}`,
    ],
  ];
  for (const [args, input] of imports) {
    const { code, stdout } = await pipeVarve(input, 'import', '--http', http, ...args, '-');
    assert.is(code, 0);
    assert.match(stdout, /^imported (1 point from )?\d lines?\n$/);
  }
  const time = `@ ${nowS + 1}`;
  const { stdout } = await runVarve(
    'query',
    '--http',
    http,
    '--csv',
    `sort(stdin_seconds ${time})`,
  );
  assert.equal(
    stdout.split('\n').map((row) => row.slice(row.indexOf(',') + 1)),
    [
      'value,__name__,from',
      '0,stdin_seconds,lp',
      '1,stdin_seconds,om',
      '2,stdin_seconds,"c,s""v"',
      '3,stdin_seconds,jsonl',
      '',
    ],
  );
});

const MISTAKES: readonly (readonly [args: string[], code: number, says: RegExp])[] = [
  [[], 2, /required option '--match <selector>' not specified/],
  [['--match', 'up('], 1, /parse error/],
  [['--match', 'up', '--start', 'noon'], 2, /--start noon is not a time/],
  [['--match', 'up', '--output', join(dir, 'none', 'x')], 1, /none\/x: no such file/],
];
for (const [args, code, says] of MISTAKES) {
  roundTrip(`export ${args.slice(0, 3).join(' ')} is told in one line, exit ${code}`, async () => {
    const outcome = await runVarve('export', '--http', servers[0]!.http, ...args);
    assert.is(outcome.code, code);
    assert.match(outcome.stderr, says);
    assert.is(outcome.stderr.trim().split('\n').length, 1);
  });
}

roundTrip.run();
