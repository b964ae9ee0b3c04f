import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSeriesKeys } from '../../../ingest/otlp/series-keys.ts';
import { field } from '../../support/write-requests.ts';

const seriesKeys = suite('ingest/otlp/series-keys');

seriesKeys('are the same for the same, and differ for whatever differs', () => {
  const long = field(7, Buffer.alloc(3000, 'x'));
  const attributes = [
    Buffer.alloc(0),
    field(7, Buffer.from('a')),
    field(7, Buffer.from('a\0b0.5')),
    Buffer.concat([field(7, Buffer.from('a')), field(7, Buffer.from('b'))]),
    long,
    Buffer.concat([long, field(7, Buffer.from('b'))]),
  ];
  const keysOf = () => {
    const keys = createSeriesKeys();
    return ['1', '1z', '2'].flatMap((metric) => {
      keys.setMetric(metric);
      return attributes.flatMap((bytes) => {
        const padded = Buffer.concat([Buffer.from('??'), bytes, Buffer.from('??')]);
        keys.setAttributes({ bytes: padded, start: 2, end: 2 + bytes.length });
        return ['', 's', 'b0.5', `b-${'9'.repeat(400)}`].map((part) =>
          keys.bytes.toString('latin1', 0, keys.keyEnd(part)),
        );
      });
    });
  };
  const keys = keysOf();
  assert.is(new Set(keys).size, 3 * attributes.length * 4);
  assert.equal(keysOf(), keys);
});

seriesKeys.run();
