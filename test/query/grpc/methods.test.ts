import { EventEmitter, once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Storage } from '../../../storage/index.ts';
import { createNaiveStorage } from '../../support/naive-storage.ts';
import { type QueryServer, startQueryServer, storageWith } from '../../support/query-server.ts';

const methods = suite('query/grpc/methods');

async function withServer(
  storage: Storage,
  task: (server: QueryServer) => Promise<void>,
): Promise<void> {
  const server = await startQueryServer({ storage });
  try {
    await task(server);
  } finally {
    await server.close();
  }
}

const withPoints = async (task: (server: QueryServer) => Promise<void>): Promise<void> =>
  withServer(await storageWith(1000, 'up{job="a"} 1 2 3', 'up{job="b"} 4 5 6'), task);

function plain(series: {
  labels: { name: string; value: string }[];
  timestampsMs: bigint[];
  values: number[];
}) {
  const labels = series.labels.map(({ name, value }) => `${name}=${value}`).join(',');
  return [labels, series.timestampsMs.map(Number), series.values];
}

methods('answers an instant query', () =>
  withPoints(async ({ grpc }) => {
    const { series, warnings } = await grpc.call('QueryInstant', {
      query: 'up * 2',
      timeMs: 1000n,
    });
    assert.equal(series.map(plain), [
      ['job=a', [1000], [4]],
      ['job=b', [1000], [10]],
    ]);
    assert.equal(warnings, []);
  }),
);

methods('answers a scalar as a series without labels', () =>
  withPoints(async ({ grpc }) => {
    const { series } = await grpc.call('QueryInstant', { query: '1 + 1', timeMs: -5n });
    assert.equal(series.map(plain), [['', [-5], [2]]]);
  }),
);

methods('streams a range query, warnings last', () =>
  withPoints(async ({ grpc }) => {
    const request = { query: 'quantile(2, up)', startMs: 0n, endMs: 2000n, stepMs: 1000n };
    const messages = await grpc.collect('QueryRange', request);
    assert.equal(
      messages.flatMap(({ series }) => series.map(plain)),
      [['', [0, 1000, 2000], [Infinity, Infinity, Infinity]]],
    );
    assert.equal(messages.at(-1)!.warnings, [
      'PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)',
    ]);
  }),
);

methods('scans raw points, both ends included, definitions before their use', () =>
  withPoints(async ({ grpc }) => {
    const request = { selectors: ['up{job="a"}', 'up{job="b"}'], startMs: 1000n, endMs: 2000n };
    const messages = await grpc.collect('ScanRange', request);
    assert.is(messages.length, 1);
    const [{ definitions, columns }] = messages as [(typeof messages)[0]];
    assert.equal(
      definitions.map(({ ref, labels }) => [ref, labels.map(({ value }) => value)]),
      [
        [1, ['up', 'a']],
        [2, ['up', 'b']],
      ],
    );
    assert.equal(columns!.refs, [1, 1, 2, 2]);
    assert.equal(columns!.timestampsMs, [1000n, 2000n, 1000n, 2000n]);
    assert.equal(columns!.values, [2, 3, 5, 6]);
  }),
);

methods('keeps timestamps to both ends of their range', async () => {
  const storage = createNaiveStorage();
  const [id] = await storage.resolve([[{ name: '__name__', value: 'far' }]]);
  const timestampsMs = new Float64Array([-(2 ** 53), -1, 0, 2 ** 53 - 1]);
  await storage.append({
    ids: new Uint32Array(4).fill(id!),
    timestampsMs,
    values: new Float64Array(4),
  });
  await withServer(storage, async ({ grpc }) => {
    const request = { selectors: ['far'], startMs: -(2n ** 53n), endMs: 2n ** 53n - 1n };
    const [message] = await grpc.collect('ScanRange', request);
    assert.equal(message!.columns!.timestampsMs.map(Number), [...timestampsMs]);
  });
});

methods('scans and queries up to the last millisecond that a point can have', async () => {
  const lastMs = 2 ** 53;
  const storage = await storageWith(lastMs, 'far 1 2');
  await withServer(storage, async ({ grpc }) => {
    const request = { selectors: ['far'], startMs: 1n, endMs: BigInt(lastMs) };
    const [message] = await grpc.collect('ScanRange', request);
    assert.equal(message?.columns?.timestampsMs, [BigInt(lastMs)]);
    const { series } = await grpc.call('QueryInstant', { query: 'far', timeMs: BigInt(lastMs) });
    assert.equal(series.map(plain), [['__name__=far', [lastMs], [2]]]);
  });
});

methods('sends a long scan in bounded messages, no point twice and none lost', async () => {
  const storage = await storageWith(1000, 'long{i="1"} 0+1x14999', 'long{i="2"} 0+1x7000');
  await withServer(storage, async ({ grpc }) => {
    const request = { selectors: ['long'], startMs: 0n, endMs: 2n ** 40n };
    const messages = await grpc.collect('ScanRange', request);
    assert.equal(
      messages.map(({ columns }) => columns!.values.length),
      [10_000, 10_000, 2001],
    );
    assert.equal(
      messages.map(({ definitions }) => definitions.map(({ ref }) => ref)),
      [[1], [2], []],
    );
    const points = messages.flatMap(({ columns }) =>
      columns!.values.map((v, i) => [columns!.refs[i], v]),
    );
    const want = [
      ...Array.from({ length: 15_000 }, (_, i) => [1, i]),
      ...Array.from({ length: 7001 }, (_, i) => [2, i]),
    ];
    assert.equal(points, want);
  });
});

methods('lists series, label names and label values', () =>
  withPoints(async ({ grpc }) => {
    const { series } = await grpc.call('Series', { selectors: ['up{job="a"}'] });
    assert.equal(
      series.map(({ labels }) => labels.map(({ name, value }) => [name, value])),
      [
        [
          ['__name__', 'up'],
          ['job', 'a'],
        ],
      ],
    );
    assert.equal((await grpc.call('LabelNames', {})).names, ['__name__', 'job']);
    const values = await grpc.call('LabelValues', { labelName: 'job', limit: 1 });
    assert.equal(values.values, ['a']);
    assert.equal(values.warnings, ['results truncated due to limit']);
    const later = await grpc.call('LabelValues', {
      labelName: 'job',
      startMs: 5000n,
      endMs: 6000n,
    });
    assert.equal(later.values, []);
  }),
);

const REFUSALS = [
  [
    'QueryInstant',
    { query: 'sum(' },
    status.INVALID_ARGUMENT,
    '1:5: parse error: unclosed left parenthesis',
  ],
  [
    'QueryInstant',
    { query: '"a"' },
    status.INVALID_ARGUMENT,
    'a string is no result over gRPC: ask over HTTP',
  ],
  [
    'QueryInstant',
    { query: 'up + on() up' },
    status.FAILED_PRECONDITION,
    'found duplicate series for the match group {} on the right hand-side of the operation',
  ],
  ['Series', {}, status.INVALID_ARGUMENT, 'selectors: at least one is needed'],
  ['LabelValues', {}, status.INVALID_ARGUMENT, 'label_name: must not be empty'],
] as const;

for (const [method, request, code, message] of REFUSALS) {
  methods(`refuses ${method} of ${JSON.stringify(request)}`, () =>
    withPoints(async ({ grpc }) => {
      const error = await failure(() => grpc.call(method, request));
      assert.is(error.code, code);
      assert.ok(error.details.startsWith(message), error.details);
    }),
  );
}

methods('refuses a range without a step, and a scan without a selector', () =>
  withPoints(async ({ grpc }) => {
    const range = await failure(() => grpc.collect('QueryRange', { query: 'up' }));
    assert.is(range.code, status.INVALID_ARGUMENT);
    const scan = await failure(() => grpc.collect('ScanRange', {}));
    assert.equal([scan.code, scan.details], [3, 'selectors: at least one is needed']);
  }),
);

async function failure(task: () => Promise<unknown>): Promise<{ code: number; details: string }> {
  try {
    await task();
  } catch (error) {
    return error as { code: number; details: string };
  }
  throw new Error('it was not refused');
}

/** A storage whose scans stand still until they are aborted. */
async function stuck(events: EventEmitter): Promise<Storage> {
  const storage = await storageWith(1000, 'up 1');
  return {
    ...storage,
    async *scan({ signal }) {
      events.emit('scan');
      await once(signal!, 'abort');
      events.emit('aborted');
      signal!.throwIfAborted();
      yield [];
    },
  };
}

methods('stops a query whose deadline has passed', async () => {
  const events = new EventEmitter();
  const aborted = once(events, 'aborted');
  await withServer(await stuck(events), async ({ grpc }) => {
    const error = await failure(() => grpc.call('QueryInstant', { query: 'up' }, 200));
    assert.is(error.code, status.DEADLINE_EXCEEDED);
    await aborted;
  });
});

methods('stops a scan whose client cancels', async () => {
  const events = new EventEmitter();
  const started = once(events, 'scan');
  const aborted = once(events, 'aborted');
  await withServer(await stuck(events), async ({ grpc }) => {
    const stream = grpc.stream('ScanRange', { selectors: ['up'], startMs: 0n, endMs: 1n });
    const ended = once(stream, 'error');
    stream.resume();
    await started;
    stream.cancel();
    await Promise.all([aborted, ended]);
  });
});

methods('reads no further than the client takes', async () => {
  let batches = 0;
  const points = new Float64Array(10_000);
  const storage: Storage = {
    ...createNaiveStorage(),
    async *scan() {
      for (; batches < 500; batches++) {
        const labels = [{ name: 'i', value: String(batches) }];
        yield [{ id: batches + 1, labels, timestampsMs: points, values: points }];
      }
    },
  };
  await withServer(storage, async ({ grpc }) => {
    const stream = grpc.stream('ScanRange', { selectors: ['{i!=""}'], startMs: 0n, endMs: 1n });
    const [first] = await once(stream, 'data');
    stream.pause();
    assert.is(first.columns.values.length, 10_000);
    // 500 messages of 200 KB do not fit into what a client that stands still has room for.
    let before = -1;
    while (before !== batches) {
      before = batches;
      for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    }
    assert.ok(batches < 400, `${batches} batches were read`);
    stream.on('error', () => {});
    stream.cancel();
  });
});

methods.run();
