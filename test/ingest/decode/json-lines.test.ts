import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeJsonLine } from '../../../ingest/decode/json-lines.ts';
import { LineError } from '../../../ingest/decode/line.ts';
import { createBatchLog, pointTexts } from '../../support/batch-log.ts';

const jsonLines = suite('ingest/decode/json-lines');

jsonLines('a line is points of one series', () => {
  const batch = createBatchLog();
  const line =
    '{"metric":{"__name__":"up","job":"a"},"values":[1,-0,2.5e-3],"timestamps":[3,-2,1]}';
  decodeJsonLine(line, batch);
  assert.equal(pointTexts(batch), ['up{job="a"} 3 1', 'up{job="a"} -2 -0', 'up{job="a"} 1 0.0025']);
});

const VALUES: readonly (readonly [text: string, bits: string])[] = [
  ['null', '7ff8000000000001'],
  ['"NaN"', '7ff8000000000001'],
  ['"nan"', '7ff8000000000001'],
  ['"StaleNaN"', '7ff0000000000002'],
  ['"Infinity"', '7ff0000000000000'],
  ['"+Inf"', '7ff0000000000000'],
  ['"-Infinity"', 'fff0000000000000'],
  ['"-inf"', 'fff0000000000000'],
  ['"NaN:7ff8000000000000"', '7ff8000000000000'],
  ['"NaN:fff00000000000AB"', 'fff00000000000ab'],
];
for (const [text, bits] of VALUES) {
  jsonLines(`the value ${text} is the float64 ${bits}`, () => {
    const batch = createBatchLog();
    decodeJsonLine(`{"metric":{"a":"b"},"values":[${text}],"timestamps":[0]}`, batch);
    assert.equal(pointTexts(batch), [`{a="b"} 0 ${bits}`]);
  });
}

jsonLines('an empty line, and one without points, are nothing', () => {
  const batch = createBatchLog();
  decodeJsonLine('  ', batch);
  decodeJsonLine('{"metric":{"a":"b"},"values":[],"timestamps":[]}', batch);
  assert.is(batch.size, 0);
});

const BAD: readonly (readonly [what: string, line: string, message: RegExp])[] = [
  ['no JSON', 'up 1', /^is not JSON: /],
  ['a list', '[]', /not a JSON object with metric/],
  ['null', 'null', /not a JSON object/],
  ['no metric', '{"values":[1],"timestamps":[1]}', /metric is not an object/],
  ['a label that is no text', line('{"a":1}', '1', '1'), /label "a" is not a string/],
  ['no values', '{"metric":{"a":"b"},"timestamps":[1]}', /values is not a list/],
  ['too few timestamps', line('{"a":"b"}', '1,2', '1'), /2 values and 1 timestamps/],
  ['a value in words', line('{"a":"b"}', '1,"two"', '1,2'), /values\[1\] is "two"/],
  ['a number as text', line('{"a":"b"}', '"1"', '1'), /values\[0\] is "1"/],
  ['a number past float64', line('{"a":"b"}', '1e309', '1'), /values\[0\] is "Infinity"/],
  ['NaN digits of a number', line('{"a":"b"}', '"NaN:3ff0000000000000"', '1'), /values\[0\]/],
  ['NaN digits of infinity', line('{"a":"b"}', '"NaN:7ff0000000000000"', '1'), /values\[0\]/],
  ['half a millisecond', line('{"a":"b"}', '1', '1.5'), /timestamps\[0\] is "1\.5", not whole/],
  ['a timestamp as text', line('{"a":"b"}', '1', '"1"'), /timestamps\[0\] is "1"/],
  [
    'the end of a damaged export',
    '{"warnings":["x is lost"]}',
    /export was not complete: x is lost/,
  ],
];
for (const [what, text, message] of BAD) {
  jsonLines(`${what} is refused, and nothing of the line is added`, () => {
    const batch = createBatchLog();
    try {
      decodeJsonLine(text, batch);
    } catch (error) {
      assert.instance(error, LineError);
      assert.match((error as LineError).message, message);
      assert.is(batch.size, 0);
      return;
    }
    assert.unreachable('the line was taken');
  });
}

function line(metric: string, values: string, timestamps: string): string {
  return `{"metric":${metric},"values":[${values}],"timestamps":[${timestamps}]}`;
}

jsonLines.run();
