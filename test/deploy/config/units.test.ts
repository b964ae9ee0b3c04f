import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  formatAddress,
  formatDuration,
  formatSize,
  isLoopback,
  parseAddress,
  parseDuration,
  parseSize,
} from '../../../deploy/config/units.ts';

const units = suite('deploy/config/units');
const SEED = 20260131;

units('every duration, size and address reads back from its text', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 50), (amount) => {
      assert.is(parseDuration(formatDuration(amount)), amount);
      assert.is(parseSize(formatSize(amount)), amount);
    }),
    { seed: SEED },
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), fc.nat(65_535), (host, port) => {
      assert.equal(parseAddress(formatAddress({ host, port })), { host, port });
    }),
    { seed: SEED },
  );
});

units('a day is told in hours, as the default of a policy says it', () => {
  assert.is(formatDuration(86_400_000), '24h');
  assert.is(formatDuration(2 * 86_400_000), '2d');
});

const DURATIONS: readonly [string, number | undefined][] = [
  ['forever', Number.POSITIVE_INFINITY],
  ['200ms', 200],
  ['1h30m', 5_400_000],
  ['1w', 604_800_000],
  ['1y', 31_536_000_000],
  ['0s', 0],
  ['90', undefined],
  ['1.5h', undefined],
  ['-1h', undefined],
  ['1 h', undefined],
  ['', undefined],
  ['99999999999y', undefined],
];
for (const [text, expected] of DURATIONS) {
  units(`${JSON.stringify(text)} is ${expected ?? 'no duration'}`, () => {
    assert.is(parseDuration(text), expected);
  });
}

const SIZES: readonly [string | number, number | undefined][] = [
  ['64MiB', 64 * 2 ** 20],
  ['1.5GB', 1.5e9],
  ['10B', 10],
  ['1 KiB', 1024],
  [4096, 4096],
  [-1, undefined],
  [0.5, undefined],
  ['64', undefined],
  ['64M', undefined],
  ['9999999TiB', undefined],
];
for (const [value, expected] of SIZES) {
  units(`${JSON.stringify(value)} is ${expected ?? 'no size'}`, () => {
    assert.is(parseSize(value), expected);
  });
}

units('an address has a host and a port that can be', () => {
  for (const text of ['', ':80', 'host', 'host:', 'host:65536', 'a b:1', '::1:80', 'http://a:1']) {
    assert.is(parseAddress(text), undefined, text);
  }
  assert.equal(parseAddress('[::1]:0'), { host: '::1', port: 0 });
});

units('loopback is what only this machine reaches', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1']) assert.ok(isLoopback(host));
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.evil.test', 'example.org']) {
    assert.not(isLoopback(host), host);
  }
});

units.run();
