// Every point a client can get wrong, in a Write and in a WriteStream: counted with its reason,
// while the rest of its batch is stored.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Bystander,
  besideGood,
  DAY_MS,
  HOUR_MS,
  watchBystander,
} from '../support/bystander.ts';
import { NOW_MS, type WriteRequestInit } from '../support/ingest-server.ts';
import { toColumns, toLabels } from '../support/write-requests.ts';

const KEEP_MS = 30 * DAY_MS;
const TWO_53 = 2n ** 53n;

const rejections = suite<Bystander>('ingest/rejections');
watchBystander(rejections);

function atTimes(...timestampsMs: bigint[]): WriteRequestInit {
  const values = timestampsMs.map(() => 1);
  return { series: [{ labels: toLabels({ at: 'times' }), timestampsMs, values }] };
}

const REJECTED: [what: string, request: WriteRequestInit, reason: RegExp, accepted: number][] = [
  [
    'a duplicate label name',
    besideGood([...toLabels({ a: '1', b: '2' }), ...toLabels({ a: '3' })]),
    /given twice/,
    1,
  ],
  ['an empty label name', besideGood(toLabels({ '': 'x', b: 'y' })), /empty label name/, 1],
  ['no labels', besideGood([]), /without labels/, 1],
  ['labels that are all empty', besideGood(toLabels({ a: '', b: '' })), /without labels/, 1],
  [
    'too many labels',
    besideGood(toLabels(Object.fromEntries(Array.from('abcdefghi', (c) => [c, c])))),
    /more than 8 labels \(ingest\.limits\.labels_per_series\)/,
    1,
  ],
  [
    'a label value too long',
    besideGood(toLabels({ a: 'x'.repeat(101) })),
    /value over 100 bytes \(ingest\.limits\.label_value_bytes\)/,
    1,
  ],
  [
    'a label value of 10 MB',
    besideGood(toLabels({ a: 'x'.repeat(10_000_000) })),
    /value over 100 bytes/,
    1,
  ],
  [
    'a label name too long',
    besideGood(toLabels({ ['n'.repeat(101)]: 'x' })),
    /name over 100 bytes/,
    1,
  ],
  ['a timestamp beyond 2^53', atTimes(BigInt(NOW_MS), TWO_53 + 1n), /beyond \+-2\^53/, 1],
  ['a timestamp beyond -2^53', atTimes(BigInt(NOW_MS), -TWO_53 - 1n), /beyond \+-2\^53/, 1],
  ['the largest int64 as a timestamp', atTimes(2n ** 63n - 1n), /beyond \+-2\^53/, 0],
  [
    'a timestamp too far in the future',
    atTimes(BigInt(NOW_MS + HOUR_MS + 1), BigInt(NOW_MS + HOUR_MS)),
    /in the future \(ingest\.max_future\)/,
    1,
  ],
  [
    'a timestamp too old',
    atTimes(BigInt(NOW_MS - 40 * DAY_MS - 1), BigInt(NOW_MS)),
    /in the past \(ingest\.max_past\)/,
    1,
  ],
  [
    "a timestamp past its policy's keep",
    atTimes(BigInt(NOW_MS - KEEP_MS - 1), BigInt(NOW_MS - KEEP_MS)),
    /older than its policy's keep/,
    1,
  ],
  [
    'events of no stream',
    {
      ...besideGood(toLabels({ a: 'b' })),
      events: [{ labels: [], events: [{ body: Buffer.from('x') }] }],
    },
    /series without labels/,
    2,
  ],
  [
    'a rejected definition',
    {
      definitions: [
        { ref: 0, labels: toLabels({ '': 'x' }) },
        { ref: 1, labels: toLabels({ good: 'yes' }) },
      ],
      columns: toColumns([
        { ref: 0, timestampMs: NOW_MS, value: 1 },
        { ref: 1, timestampMs: NOW_MS, value: 1 },
      ]),
    },
    /empty label name/,
    1,
  ],
];

for (const [what, request, reason, accepted] of REJECTED) {
  rejections(`counts ${what} and stores the rest`, async ({ client }) => {
    const call = client.writeStream();
    call.send(request);
    for (const answer of [await client.write(request), await call.ack()]) {
      assert.is(answer.accepted, BigInt(accepted));
      assert.is(answer.rejected, 1n);
      assert.is(answer.rejections.length, 1);
      assert.is(answer.rejections[0]!.count, 1n);
      assert.match(answer.rejections[0]!.reason, reason);
    }
    call.stream.end();
    assert.is(await call.ended(), undefined);
  });
}

rejections(
  'new series past the limit are rejected, known ones flow on',
  async ({ client, server }) => {
    server.service.setLimits({ series: 2 });
    const request = besideGood(toLabels({ one: 'more' }));
    const first = await client.write(request);
    assert.is(first.accepted, 1n);
    assert.match(first.rejections[0]!.reason, /limit of 2 \(ingest\.limits\.series\)/);
    const again = await client.write(besideGood(toLabels({ __name__: 'bystander' })));
    assert.is(again.accepted, 1n);
  },
);

rejections('labels without a value count towards no limit', async ({ client }) => {
  const names = Array.from('abcdefghi', (name, i) => [name, i === 0 ? '' : name]);
  const answer = await client.write(besideGood(toLabels(Object.fromEntries(names))));
  assert.is(answer.rejected, 0n);
});

rejections('every rejection is in the metrics by its reason', async ({ client, server }) => {
  await client.write(besideGood([]));
  await client.write(atTimes(TWO_53 * 2n));
  const text = await server.registry.metrics();
  assert.match(
    text,
    /^varve_ingest_rejected_points_total\{method="Write",reason="no_labels"\} 1$/m,
  );
  assert.match(
    text,
    /^varve_ingest_rejected_points_total\{method="Write",reason="timestamp_out_of_range"\} 1$/m,
  );
  assert.match(text, /^varve_ingest_rejected_points_total\{method="Write",reason="expired"\} 0$/m);
  assert.match(text, /^varve_ingest_points_total 2$/m);
  assert.match(text, /^varve_ingest_batches_total\{method="Write"\} 2$/m);
  assert.match(text, /^varve_ingest_streams_open 1$/m);
});

rejections.run();
