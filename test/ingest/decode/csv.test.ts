import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createCsvDecoder, splitRow } from '../../../ingest/decode/csv.ts';
import { parseCsvMapping } from '../../../ingest/decode/csv-mapping.ts';
import { IngestError } from '../../../ingest/errors.ts';
import { createBatchLog, createEventLog, pointTexts } from '../../support/batch-log.ts';

const csv = suite('ingest/decode/csv');

const NOW_MS = 1_700_000_000_000;

function decode(format: string, text: string, headerLines = 0): string[] {
  const batch = createBatchLog();
  const mapping = parseCsvMapping(format);
  const decoder = createCsvDecoder({ mapping, headerLines, nowMs: NOW_MS });
  for (const line of text.split('\n')) decoder.decode(line, batch, createEventLog());
  return pointTexts(batch);
}

csv('a row is a point for each metric, with the labels of all', () => {
  const format = '2:metric:ask,3:metric:bid,1:label:ticker,4:label:market,5:time:unix_ms';
  assert.equal(decode(format, 'GOOG,1.23,4.56,NYSE,1500\nMSFT,-1,,,2000\n'), [
    'ask{ticker="GOOG",market="NYSE"} 1500 1.23',
    'bid{ticker="GOOG",market="NYSE"} 1500 4.56',
    'ask{ticker="MSFT",market=""} 2000 -1',
  ]);
});

csv('rows without a time have that of their arrival, header lines are left out', () => {
  assert.equal(decode('1:metric:load', 'load\n1\n', 1), [`load ${NOW_MS} 1`]);
});

const TIMES: readonly (readonly [format: string, text: string, ms: number])[] = [
  ['unix_s', '1700000000', 1_700_000_000_000],
  ['unix_s', '1700000000.123', 1_700_000_000_123],
  ['unix_ms', '-5', -5],
  ['unix_us', '1700000000123999', 1_700_000_000_123],
  ['unix_ns', '1700000000122999999', 1_700_000_000_122],
  ['rfc3339', '2023-11-14T22:13:20.5Z', 1_700_000_000_500],
  ['rfc3339', '2023-11-15 00:13:20+02:00', 1_700_000_000_000],
];
for (const [format, text, ms] of TIMES) {
  csv(`the time ${text} in ${format} is ${ms} ms`, () => {
    assert.equal(decode(`1:time:${format},2:metric:a`, `${text},1`), [`a ${ms} 1`]);
  });
}

csv('quoted fields may have commas and quotes', () => {
  const rows: readonly (readonly [string, string[]])[] = [
    ['a,b', ['a', 'b']],
    ['"a,b",c', ['a,b', 'c']],
    ['"a ""b""",', ['a "b"', '']],
    ['"",x', ['', 'x']],
    ['a b",c', ['a b"', 'c']],
    ['', ['']],
    [',', ['', '']],
    ['"a"', ['a']],
  ];
  for (const [row, fields] of rows) assert.equal(splitRow(row), fields, row);
});

const BAD_ROWS: readonly (readonly [what: string, row: string, message: RegExp])[] = [
  ['too few columns', '5', /has 1 columns, and column 2 is asked for/],
  ['a value in words', '5,x', /"x" is not a value of "a"/],
  ['a time in words', 'x,1', /"x" is not a time in unix_ms/],
  ['half a millisecond', '1.5,1', /"1\.5" is not a time in unix_ms/],
  ['no time', ',1', /"" is not a time/],
  ['a quote that is not closed', '5,"1', /a quote is not closed/],
  ['text behind a quote', '"5"0,1', /expected a comma at "0,1"/],
];
for (const [what, row, message] of BAD_ROWS) {
  csv(`${what} is refused`, () => {
    assert.throws(() => decode('1:time:unix_ms,2:metric:a', row), message);
  });
}

const BAD_MAPPINGS: readonly (readonly [what: string, format: string, message: RegExp])[] = [
  ['nothing', '', /"" is not COLUMN:metric\|label\|time:NAME; say for example format=1:time/],
  ['words', 'ask', /"ask" is not COLUMN/],
  ['column zero', '0:metric:a', /column 0 is not within 1 \.\. 1000/],
  ['column a million', '1000000:metric:a', /column 1000000 is not/],
  ['another kind', '1:tag:a', /tag is not metric, label or time/],
  ['no metric', '1:label:a', /no column is a metric/],
  ['two times', '1:time:unix_s,2:time:unix_s,3:metric:a', /two columns of time/],
  ['a layout of our own', '1:time:custom:2006,2:metric:a', /time is one of unix_s, .*custom:2006/],
];
for (const [what, format, message] of BAD_MAPPINGS) {
  csv(`${what} as the mapping is refused`, () => {
    assert.throws(
      () => parseCsvMapping(format),
      (error: unknown) => error instanceof IngestError && message.test(error.message),
    );
  });
}

csv.run();
