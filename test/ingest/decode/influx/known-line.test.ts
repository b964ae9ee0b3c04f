import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLineReader } from '../../../../ingest/decode/influx/lines.ts';
import { PRECISIONS } from '../../../../ingest/decode/influx/numbers.ts';
import {
  createSeriesPredictor,
  type SeriesPredictor,
} from '../../../../ingest/series-predictor.ts';
import type { Label } from '../../../../storage/index.ts';
import { createBatchLog } from '../../../support/batch-log.ts';
import { property } from '../../../support/seed.ts';

const knownLine = suite('ingest/decode/influx/known-line');

/** A sender's connection: what it sends is read by what it sent before. */
function sender(predictor?: SeriesPredictor) {
  const slots: (readonly Label[] | string)[] = [];
  return (text: string) => {
    const batch = createBatchLog(predictor, slots);
    const reader = createLineReader({ precision: PRECISIONS['ms']!, nowMs: 7, database: 'db' });
    reader.read(Buffer.from(text), batch);
    const { points, rejected, asked } = batch;
    return { read: { points, rejected, firstBad: reader.firstBad() }, asked };
  };
}

knownLine('lines that come again are read without asking for labels', () => {
  const send = sender(createSeriesPredictor(1e6));
  const round = ['cpu,host=a user=1,system=2.5 1000', 'cpu,host=b user=3i,system=t 1000', 'm x=1'];
  const text = round.join('\n');
  send(text);
  send(text);
  const again = send(text);
  assert.is(again.asked, 0);
  assert.is(again.read.points.length, 5);
});

/** Ordinary ones, those that only begin as others do, and those that are read the long way. */
const LINES = [
  'm f=1',
  'm f=1 5',
  'm f=2.25,g=3 5',
  'm g=3,f=1 5',
  'm f=1,f=2 5',
  'm f=1,ff=2 5',
  'm f=1,g=-0.5e3 5',
  'm,a=b f=1,g=2,h=3 5',
  'm,a=b f=1,g=2 -6',
  'm,a=bc f=1,g=2 5',
  'm,a=b,c=d f=1,g=2 5',
  String.raw`m,a=b\ f=1 g=1,h=2 5`,
  String.raw`m f\ f=1,f=2 5`,
  'm f="x",g=1 5',
  'm f=1,g="x, f=2",h=1 5',
  'm f=1,g=t,h=12345678901234567890 5',
  'm  f=1,g=2  5  ',
  'm f=1,g=2 5\r',
  'm f=1\r',
  'm f=1 \r 5',
  'm f=1, g=2 5',
  'm f=1,g 5',
  'm f=,g=1 5',
  'm f=one,g=1 5',
  'm f=1 5,g=2',
  'm f=1 5 6',
  'm f=1 x',
  'm f=1i,g=2u,h=-1u 5',
  'm f=1.5,g=2 55',
  'm f=1.5,g=2 5x',
  'm f=1.5,g=-.5 0000000000000000000000005',
  'm f=+,g=-1.,h=1.2.3 5',
  '',
  '# m f=1 5',
  '   m f=1,g=2 5',
];

knownLine('what is expected never changes what is read', () => {
  const texts = fc.array(
    fc
      .array(fc.integer({ min: 0, max: LINES.length - 1 }), { maxLength: 12 })
      .map((picks) => picks.map((pick) => LINES[pick]).join('\n')),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(texts, (once) => {
      const [expecting, plain] = [sender(createSeriesPredictor(1e6)), sender()];
      for (const text of [...once, ...once, ...once]) {
        assert.equal(expecting(text).read, plain(text).read, text);
      }
    }),
    property(500),
  );
});

knownLine.run();
