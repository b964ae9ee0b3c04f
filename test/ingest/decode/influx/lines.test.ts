import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLineReader } from '../../../../ingest/decode/influx/lines.ts';
import { PRECISIONS } from '../../../../ingest/decode/influx/numbers.ts';
import { createBatchLog } from '../../../support/batch-log.ts';
import { property } from '../../../support/seed.ts';

const lines = suite('ingest/decode/influx');
const NOW_MS = 1_700_000_000_123;

function read(text: string | Buffer, { precision = 'ns', database = '' } = {}) {
  const batch = createBatchLog();
  const reader = createLineReader({ precision: PRECISIONS[precision]!, nowMs: NOW_MS, database });
  reader.read(Buffer.from(text), batch);
  const points = batch.points.map(({ labels, timestampMs, bits }) => {
    const pairs =
      typeof labels === 'string' ? labels : labels.map(({ name, value }) => `${name}=${value}`);
    return [pairs, new Float64Array(new BigUint64Array([bits]).buffer)[0], timestampMs];
  });
  return { points, rejected: batch.rejected, firstBad: reader.firstBad() };
}

const T = '1465839830100400200';
const T_MS = 1_465_839_830_100;

type Point = readonly [labels: readonly string[], value: number, timestampMs: number];

const GOOD: readonly (readonly [what: string, line: string, ...points: readonly Point[]])[] = [
  [
    'a field, a tag and a timestamp',
    `weather,location=us temperature=82 ${T}`,
    [['__name__=weather_temperature', 'location=us'], 82, T_MS],
  ],
  [
    'several fields: as many series',
    `cpu,host=a,cpu=cpu0 user=1.5,system=-2e3 ${T}`,
    [['__name__=cpu_user', 'host=a', 'cpu=cpu0'], 1.5, T_MS],
    [['__name__=cpu_system', 'host=a', 'cpu=cpu0'], -2000, T_MS],
  ],
  ['no tags and no timestamp', 'm f=1', [['__name__=m_f'], 1, NOW_MS]],
  [
    'integers, unsigned integers and booleans',
    'm a=-7i,b=18446744073709551615u,c=t,d=FALSE 1000000',
    [['__name__=m_a'], -7, 1],
    [['__name__=m_b'], 2 ** 64, 1],
    [['__name__=m_c'], 1, 1],
    [['__name__=m_d'], 0, 1],
  ],
  [
    'escaped commas, spaces and equals signs',
    String.raw`my\,\ m,tag\ k\=ey=tag\ \,\=value f\ \,\=k=1 0`,
    [['__name__=my, m_f ,=k', 'tag k=ey=tag ,=value'], 1, 0],
  ],
  [
    'an equals sign in a measurement, and a backslash that escapes nothing',
    String.raw`a=b\c,t=x\y f=1 0`,
    [[String.raw`__name__=a=b\c_f`, String.raw`t=x\y`], 1, 0],
  ],
  ['an equals sign in a tag value', 'm,t=a=b f=1 0', [['__name__=m_f', 't=a=b'], 1, 0]],
  [
    'quotes that are ordinary',
    `"m",t="v w" f=1 0`.replace(' w', String.raw`\ w`),
    [['__name__="m"_f', 't="v w"'], 1, 0],
  ],
  [
    'a string beside a number',
    String.raw`m s="a \"b\" c=1,d 2 \\",f=1 0`,
    [['__name__=m_f'], 1, 0],
  ],
  ['spaces around, and a carriage return', '  m  f=1   0 \r', [['__name__=m_f'], 1, 0]],
  ['text beyond ASCII', 'wetter,ort=Köln temp=1 0', [['__name__=wetter_temp', 'ort=Köln'], 1, 0]],
  ['a timestamp before 1970, rounded down', 'm f=1 -1', [['__name__=m_f'], 1, -1]],
  ['a comment', '# m f=1'],
  ['an empty line', '   '],
];

for (const [what, line, ...points] of GOOD) {
  lines(`reads ${what}`, () => {
    assert.equal(read(line).points, points);
    assert.is(read(line).firstBad, undefined);
  });
}

const BAD: readonly (readonly [line: string, reason: RegExp])[] = [
  ['m', /^no fields$/],
  [',t=v f=1', /^no measurement$/],
  ['m,t f=1', /^a tag without/],
  ['m,=v f=1', /^a tag without/],
  ['m,t=v,', /^a tag without/],
  ['m f', /^a field without a value$/],
  ['m f=', /^a field value that is no/],
  ['m =1', /^a field without a name$/],
  ['m f=1,', /^a field without a value$/],
  ['m f=abc', /^a field value that is no/],
  ['m f=1x', /^a field value that is no/],
  ['m f=0x10', /^a field value that is no/],
  ['m f=NaN', /^a field value that is no/],
  ['m f=1e999', /^a field value that is no/],
  ['m f=9223372036854775808i', /^a field value that is no/],
  ['m f=-1u', /^a field value that is no/],
  ['m f=.', /^a field value that is no/],
  ['m f="a', /^a string without/],
  ['m f="a\\"', /^a string without/],
  ['m f=1 12:00', /^a timestamp that is no integer$/],
  ['m f=1 -', /^a timestamp that is no integer$/],
  ['m f=1 1 2', /^a timestamp that is no integer$/],
];

for (const [line, reason] of BAD) {
  lines(`refuses ${line}, and names its place`, () => {
    const { points, rejected, firstBad } = read(`a f=1\n${line}\nb f=2`);
    assert.is(firstBad?.number, 2);
    assert.match(firstBad?.reason ?? '', reason);
    assert.is(points.length, 2);
    assert.equal(rejected, { malformed_line: 1 });
  });
}

lines('strings are counted', () => {
  const { points, rejected, firstBad } = read('m a="x",b=1,c="y"\nm a="z"\n');
  assert.is(points.length, 1);
  assert.equal(rejected, { not_a_number: 3 });
  assert.is(firstBad, undefined);
});

lines('every precision ends in ms', () => {
  const at = (precision: string, timestamp: string) =>
    read(`m f=1 ${timestamp}`, { precision }).points[0]?.[2];
  assert.is(at('ns', '1999999'), 1);
  assert.is(at('us', '1999'), 1);
  assert.is(at('u', '-1'), -1);
  assert.is(at('ms', '1500'), 1500);
  assert.is(at('s', '-2'), -2000);
  assert.is(at('m', '2'), 120_000);
  assert.is(at('h', '1'), 3_600_000);
  assert.is(at('', '-0'), 0);
});

lines('the database is a label, unless a tag has its name', () => {
  const labels = (line: string) => read(line, { database: 'telegraf' }).points[0]?.[0];
  assert.equal(labels('m,t=v f=1'), ['__name__=m_f', 't=v', 'db=telegraf']);
  assert.equal(labels('m,db=own f=1'), ['__name__=m_f', 'db=own']);
});

lines('a series that is not text is refused alone', () => {
  const { points } = read(Buffer.from('m,t=\xff f=1 0\nm f=2 0', 'latin1'));
  assert.equal(points, [
    ['invalid_text', 1, 0],
    [['__name__=m_f'], 2, 0],
  ]);
});

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map((text) =>
  // A newline ends a line; a backslash at the end would escape what follows.
  text.replace(/[\n\r\\#]/g, 'x'),
);
/** Extremes, and numbers of up to 16 digits with the point anywhere. */
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.tuple(fc.maxSafeInteger(), fc.nat(24)).map(([digits, cut]) => Number(`${digits}e-${cut}`)),
);
const measured = fc.record({
  measurement: word,
  tags: fc.array(fc.tuple(word, word), { maxLength: 3 }),
  fields: fc.array(fc.tuple(word, number), { minLength: 1, maxLength: 3 }),
  timestampMs: fc.integer({ min: -(10 ** 13), max: 10 ** 13 }),
});

lines('what is written by the rules is what is read', () => {
  const escaped = (text: string, special: RegExp) => text.replace(special, '\\$&');
  fc.assert(
    fc.property(fc.array(measured, { maxLength: 4 }), (all) => {
      const text = all.map(({ measurement, tags, fields, timestampMs }) => {
        const pair = ([name, value]: readonly [string, unknown]) =>
          `${escaped(name, /[ ,=]/g)}=${value}`;
        const head = tags.map(([name, value]) => `,${pair([name, escaped(value, /[ ,=]/g)])}`);
        const name = escaped(measurement, /[ ,]/g);
        return `${name}${head.join('')} ${fields.map(pair).join(',')} ${timestampMs}\n`;
      });
      const expected = all.flatMap(({ measurement, tags, fields, timestampMs }) =>
        fields.map(([field, value]) => {
          const labels = tags.map(([name, tag]) => `${name}=${tag}`);
          return [[`__name__=${measurement}_${field}`, ...labels], value + 0, timestampMs];
        }),
      );
      const { points } = read(text.join(''), { precision: 'ms' });
      assert.equal(JSON.stringify(points), JSON.stringify(expected));
    }),
    property(300),
  );
});

lines.run();
