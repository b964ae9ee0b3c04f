import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createExpositionDecoder, type TimestampUnit } from '../../../ingest/decode/exposition.ts';
import { LineError } from '../../../ingest/decode/line.ts';
import { createMetadataStore } from '../../../storage/index.ts';
import { createBatchLog, createEventLog, pointTexts } from '../../support/batch-log.ts';

const exposition = suite('ingest/decode/exposition');

const NOW_MS = 1_700_000_000_000;

/** Decodes the lines, with what is told of metrics in `metadata`. */
function decode(text: string, timestampUnit: TimestampUnit = 'guessed') {
  const metadata = createMetadataStore(10_000);
  const batch = createBatchLog();
  const decoder = createExpositionDecoder({ timestampUnit, nowMs: NOW_MS, metadata });
  for (const line of text.split('\n')) decoder.decode(line, batch, createEventLog());
  decoder.end?.();
  return { batch, metadata: Object.fromEntries(metadata.entries()) };
}

const SAMPLES: readonly (readonly [what: string, line: string, point: string])[] = [
  ['a name and a value', 'up 1', `up ${NOW_MS} 1`],
  ['labels', 'up{job="a",i="1"} 2.5', `up{job="a",i="1"} ${NOW_MS} 2.5`],
  ['a comma at the end', 'up{job="a",} 1', `up{job="a"} ${NOW_MS} 1`],
  ['no labels in braces', 'up{} 1', `up ${NOW_MS} 1`],
  [
    'blanks everywhere',
    '  up { job = "a" , i="1" }\t 1 \t5000000000',
    'up{job="a",i="1"} 5000000000 1',
  ],
  ['no blank before the value', 'up{a="b"}1', `up{a="b"} ${NOW_MS} 1`],
  ['escapes', 'up{p="C:\\\\D\\"E\\nF\\x"} 1', `up{p="C:\\\\D\\"E\\nF\\\\x"} ${NOW_MS} 1`],
  ['braces and commas in a value', 'up{p="},{"} 1', `up{p="},{"} ${NOW_MS} 1`],
  ['a hash in a value', 'up{p="# {"} 1', `up{p="# {"} ${NOW_MS} 1`],
  ['a quoted name', '{"http.status",job="a"} 1', `http.status{job="a"} ${NOW_MS} 1`],
  ['a quoted name in the middle', '{job="a","é \\" x"} 1', `é " x{job="a"} ${NOW_MS} 1`],
  ['a quoted label', 'up{"my.label"="x"} 1', `up{my.label="x"} ${NOW_MS} 1`],
  ['a label without a value', 'up{a=""} 1', `up{a=""} ${NOW_MS} 1`],
  ['no name at all', '{a="b"} 1', `{a="b"} ${NOW_MS} 1`],
  ['a time series that was created', 'a_created 1.7e9', `a_created ${NOW_MS} 1700000000`],
  ['NaN', 'up NaN', `up ${NOW_MS} 7ff8000000000001`],
  ['infinity', 'up +Inf', `up ${NOW_MS} 7ff0000000000000`],
  ['less than nothing', 'up -Inf', `up ${NOW_MS} fff0000000000000`],
  ['a carriage return', 'up 1\r', `up ${NOW_MS} 1`],
];
for (const [what, line, point] of SAMPLES) {
  exposition(`reads ${what}`, () => {
    assert.equal(pointTexts(decode(line).batch), [point]);
  });
}

const TIMES: readonly (readonly [TimestampUnit, text: string, ms: number])[] = [
  ['guessed', '1700000000123', 1_700_000_000_123],
  ['guessed', '1700000000', 1_700_000_000_000],
  ['guessed', '1700000000.1234', 1_700_000_000_123],
  ['guessed', '-1', -1000],
  ['seconds', '1700000000123', 1_700_000_000_123_000],
  ['seconds', '1.7000000005e9', 1_700_000_000_500],
  ['milliseconds', '1700', 1700],
];
for (const [unit, text, ms] of TIMES) {
  exposition(`the time ${text}, ${unit}, is ${ms} ms`, () => {
    assert.equal(pointTexts(decode(`up 1 ${text}`, unit).batch), [`up ${ms} 1`]);
  });
}

exposition('an exemplar is counted and left out', () => {
  for (const line of [
    'a_bucket{le="1"} 8 # {trace_id="x"} 0.67 1700000000.5',
    'a_bucket{le="1"} 8 1700000000 # {} 0.67',
  ]) {
    const { batch } = decode(line);
    assert.is(batch.points.length, 1, line);
    assert.equal(batch.rejected, { exemplar: 1 });
  }
});

exposition('what is told of metrics is remembered, comments are not', () => {
  const { batch, metadata } = decode(
    [
      '# a comment',
      '# HELP a_seconds Time\\nof "all" \\\\ kinds.',
      '# TYPE a_seconds histogram',
      '# UNIT a_seconds seconds',
      'a_seconds_sum 1',
      '# TYPE "b.c" untyped',
      '#',
      '# EOF',
    ].join('\n'),
  );
  assert.is(batch.size(), 1);
  const help = 'Time\nof "all" \\ kinds.';
  assert.equal(metadata, {
    a_seconds: [{ type: 'histogram', help, unit: 'seconds' }],
    'b.c': [{ type: 'unknown', help: '', unit: '' }],
  });
});

exposition('what is not told a second time stays as it was', () => {
  const told = '# TYPE a gauge\n# HELP a Degrees.\n# TYPE b counter\n# HELP a Kelvin.';
  assert.equal(decode(told).metadata['a']?.at(-1), { type: 'gauge', help: 'Kelvin.', unit: '' });
});

const BAD: readonly (readonly [what: string, line: string, message: RegExp])[] = [
  ['a name alone', 'up', /expected a value and a timestamp at ""/],
  ['a value in words', 'up one', /"one" is not a value/],
  ['a hexadecimal value', 'up 0x10', /"0x10" is not a value/],
  ['a value past float64', 'up 1e309', /"1e309" is not a value/],
  ['a time in words', 'up 1 now', /"now" is not a timestamp/],
  ['more behind the time', 'up 1 2 3', /expected a value and a timestamp/],
  ['a name with a dash', 'a-b 1', /"a-b" is not a metric name; others go in braces and quotes/],
  ['labels that are not closed', 'up{a="b" 1', /the labels of "up" are not closed/],
  ['a quote that is not closed', 'up{a="b} 1', /the labels of "up" are not closed/],
  ['a label without quotes', 'up{a=b} 1', /expected label="value" at "a=b"/],
  ['a label alone', 'up{a} 1', /label "a" has no value in quotes/],
  ['two commas', 'up{a="b",,c="d"} 1', /expected label="value" at ",c=\\"d\\""/],
  ['no comma', 'up{a="b"c="d"} 1', /expected label="value"/],
  ['a type that is none', '# TYPE a thing', /"thing" is not a type of metrics/],
  ['labels without end', `up{a="${'x'.repeat(1_100_000)}"} 1`, /more than 1048576 characters/],
];
for (const [what, line, message] of BAD) {
  exposition(`${what} is refused`, () => {
    assert.throws(
      () => decode(line),
      (error: unknown) => error instanceof LineError && message.test(error.message),
    );
  });
}

exposition('seconds of Prometheus have no fraction', () => {
  assert.throws(() => decode('up 1 1.5', 'milliseconds'), /not a timestamp in whole milliseconds/);
});

exposition.run();
