import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createOtlpNamer,
  type MetricKind,
  unitName,
} from '../../../../ingest/decode/otlp/names.ts';

const names = suite('ingest/decode/otlp/names');

type Case = readonly [name: string, unit: string, kind: MetricKind, expected: string | undefined];

const ESCAPED: readonly Case[] = [
  ['http.server.duration', 's', 'histogram', 'http_server_duration_seconds'],
  ['http.server.duration.seconds', 's', 'histogram', 'http_server_duration_seconds'],
  ['requests', '{request}', 'counter', 'requests_total'],
  ['total.requests', '1', 'counter', 'requests_total'],
  ['load', '1', 'gauge', 'load_ratio'],
  ['load', '1', 'level', 'load'],
  ['ratio.of.load', '1', 'gauge', 'of_load_ratio'],
  ['io', 'By/s', 'gauge', 'io_bytes_per_second'],
  ['io', 'By/{op}', 'gauge', 'io_bytes'],
  ['io', '{op}/s', 'gauge', 'io_per_second'],
  ['speed', 'km/h', 'gauge', 'speed_km_per_hour'],
  ['odd', '€$/µ', 'gauge', 'odd'],
  ['battery', '%', 'gauge', 'battery_percent'],
  ['5xx', '', 'counter', '_5xx_total'],
  ['a..b__c', '', 'gauge', 'a_b_c'],
  [':rule:x', '', 'gauge', ':rule:x'],
  ['ü', '', 'gauge', undefined],
  ['', '', 'gauge', undefined],
];

for (const [name, unit, kind, expected] of ESCAPED) {
  names(`a ${kind} ${JSON.stringify(name)} in ${JSON.stringify(unit)} is ${expected}`, () => {
    const namer = createOtlpNamer('underscore_escaping_with_suffixes');
    assert.is(namer.metricName(name, unit, kind), expected);
  });
}

const OTHERS: readonly (readonly [Parameters<typeof createOtlpNamer>[0], ...Case])[] = [
  ['underscore_escaping_without_suffixes', 'a.b', 's', 'counter', 'a_b'],
  ['underscore_escaping_without_suffixes', '9__a', '', 'gauge', '_9__a'],
  ['no_utf8_escaping_with_suffixes', 'http.requests', '', 'counter', 'http.requests_total'],
  ['no_utf8_escaping_with_suffixes', 'requests.total', '', 'counter', 'requests_total'],
  ['no_utf8_escaping_with_suffixes', 'io', 'By/s', 'counter', 'io_bytes_per_second_total'],
  ['no_utf8_escaping_with_suffixes', 'io.bytes', 'By', 'gauge', 'io.bytes'],
  ['no_utf8_escaping_with_suffixes', 'Größe', '1', 'gauge', 'Größe_ratio'],
  ['no_utf8_escaping_with_suffixes', '', 's', 'gauge', undefined],
  ['no_translation', 'a.b', 's', 'counter', 'a.b'],
  ['no_translation', '', 's', 'counter', undefined],
];

for (const [translation, name, unit, kind, expected] of OTHERS) {
  names(`${translation} makes ${expected} of ${JSON.stringify(name)}`, () => {
    assert.is(createOtlpNamer(translation).metricName(name, unit, kind), expected);
  });
}

names('attributes become labels without losing underscores', () => {
  const { labelName } = createOtlpNamer('underscore_escaping_with_suffixes');
  const cases: Readonly<Record<string, string | undefined>> = {
    'http.status_code': 'http_status_code',
    'a..b': 'a__b',
    '3d': 'key_3d',
    _private: 'key_private',
    __reserved__: '__reserved__',
    '\u{1f600}x': 'key_x',
    '': undefined,
    __: undefined,
  };
  for (const [key, expected] of Object.entries(cases)) assert.is(labelName(key), expected, key);
  const plain = createOtlpNamer('no_translation');
  assert.is(plain.labelName('a.b'), 'a.b');
  assert.is(plain.labelName('___'), undefined);
});

names('metadata has the unit in words', () => {
  const cases = {
    s: 'seconds',
    'By/s': 'bytes_per_second',
    '1': '',
    '{x}': '',
    ' ms ': 'milliseconds',
  };
  for (const [unit, expected] of Object.entries(cases)) assert.is(unitName(unit), expected);
});

names.run();
