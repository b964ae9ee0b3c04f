import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeJsonLine } from '../../../ingest/decode/json-lines.ts';
import { LineError } from '../../../ingest/decode/line.ts';
import { createBatchLog, createEventLog, pointTexts } from '../../support/batch-log.ts';

const jsonLines = suite('ingest/decode/json-lines');

jsonLines('a line is points of one series', () => {
  const batch = createBatchLog();
  const line =
    '{"metric":{"__name__":"up","job":"a"},"values":[1,-0,2.5e-3],"timestamps":[3,-2,1]}';
  decodeJsonLine(line, batch, createEventLog());
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
    decodeJsonLine(
      `{"metric":{"a":"b"},"values":[${text}],"timestamps":[0]}`,
      batch,
      createEventLog(),
    );
    assert.equal(pointTexts(batch), [`{a="b"} 0 ${bits}`]);
  });
}

jsonLines('an empty line, and one without points, are nothing', () => {
  const batch = createBatchLog();
  decodeJsonLine('  ', batch, createEventLog());
  decodeJsonLine('{"metric":{"a":"b"},"values":[],"timestamps":[]}', batch, createEventLog());
  assert.is(batch.size(), 0);
});

jsonLines('a line is events of one stream, with bodies that may be any bytes', () => {
  const points = createBatchLog();
  const log = createEventLog();
  const list =
    '["1767225600000000007","GET /ü",{"trace":"0a"}],["-1",{"base64":"/wA="}],["0","",{}]';
  decodeJsonLine(`{"stream":{"service":"api"},"events":[${list}]}`, points, log);
  decodeJsonLine('{"stream":{"a":"b"},"events":[]}', points, log);
  const labels = [{ name: 'service', value: 'api' }];
  assert.equal(log.events, [
    {
      ...{ labels, timestampNs: 1_767_225_600_000_000_007n, body: Buffer.from('GET /ü') },
      attributes: [{ name: 'trace', value: '0a' }],
    },
    { labels, timestampNs: -1n, body: Buffer.from([0xff, 0]), attributes: [] },
    { labels, timestampNs: 0n, body: Buffer.from(''), attributes: [] },
  ]);
  assert.is(points.size(), 0);
});

const BAD: readonly (readonly [what: string, line: string, message: RegExp])[] = [
  ['no JSON', 'up 1', /not a JSON object/],
  ['half of an object', '{"metric":', /^is not JSON: /],
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
  ['a stream that is no object', events('[]', '["1","a"]'), /stream is not an object of labels/],
  ['events that are no list', '{"stream":{"a":"b"},"events":{}}', /events is not a list/],
  ['an event that is no list', events('{"a":"b"}', '["1","a"],{}'), /events\[1\] is not a list/],
  ['a time as a number', events('{"a":"b"}', '[1,"a"]'), /events\[0\] begins with no time/],
  ['a time past 64 bits', events('{"a":"b"}', '["9223372036854775808",""]'), /no time in whole ns/],
  ['an event without a body', events('{"a":"b"}', '["1"]'), /events\[0\] has no body/],
  [
    'a body that is no base64',
    events('{"a":"b"}', '["1",{"base64":"a"}]'),
    /events\[0\] has no body/,
  ],
  ['attributes as a list', events('{"a":"b"}', '["1","",[]]'), /events\[0\]\[2\] is not an object/],
  [
    'the end of a damaged export',
    '{"warnings":["x is lost"]}',
    /export was not complete: x is lost/,
  ],
];
for (const [what, text, message] of BAD) {
  jsonLines(`${what} is refused, and nothing of the line is added`, () => {
    const batch = createBatchLog();
    const log = createEventLog();
    try {
      decodeJsonLine(text, batch, log);
    } catch (error) {
      assert.instance(error, LineError);
      assert.match((error as LineError).message, message);
      assert.is(batch.size() + log.size(), 0);
      return;
    }
    assert.unreachable('the line was taken');
  });
}

function line(metric: string, values: string, timestamps: string): string {
  return `{"metric":${metric},"values":[${values}],"timestamps":[${timestamps}]}`;
}

function events(stream: string, list: string): string {
  return `{"stream":${stream},"events":[${list}]}`;
}

jsonLines.run();
