import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EventMetricRule, parseEventAmount } from '../../../ingest/index.ts';
import type { Storage } from '../../../storage/index.ts';
import { createSimClock, type SimClock } from '../../sim/sim-clock.ts';
import { containing } from '../../support/events.ts';
import {
  connect,
  type IngestServer,
  type IngestServerOptions,
  NOW_MS,
  startIngestServer,
} from '../../support/ingest-server.ts';
import { createNaiveStorage } from '../../support/naive-storage.ts';
import { toLabels } from '../../support/write-requests.ts';

const eventMetrics = suite('ingest/event-metrics/event-metrics');

const ERRORS: EventMetricRule = {
  name: 'errors_total',
  matchers: [{ name: 'service', type: '=', value: 'api' }],
  filter: containing('error'),
  by: ['level', 'status'],
  amount: undefined,
};
const WRITE_EVERY_MS = 5000;

interface Lab extends IngestServer {
  readonly sim: SimClock;
  /** Sends events of one stream: bodies, or a body with attributes. */
  send(labels: Record<string, string>, ...bodies: (string | Sent)[]): Promise<unknown>;
  /** Lets the counters be written, and waits for it. */
  tick(): Promise<void>;
  /** The values of a metric by its labels, in the order of time. */
  values(name: string): Promise<Record<string, number[]>>;
}

interface Sent {
  readonly body: string;
  readonly attributes?: Record<string, string>;
  /** After the time of the clock; default: each event has its own. */
  readonly ns?: number;
}

async function withLab(
  test: (lab: Lab) => Promise<unknown>,
  options: IngestServerOptions = {},
): Promise<void> {
  const sim = options.sim ?? createSimClock(NOW_MS);
  const server = await startIngestServer({ eventMetrics: [ERRORS], ...options, sim });
  const client = connect(server.address);
  let sent = 0;
  const lab: Lab = {
    ...server,
    sim,
    send(labels, ...bodies) {
      const events = bodies.map((given) => {
        const {
          body,
          attributes = {},
          ns = ++sent,
        }: Sent = typeof given === 'string' ? { body: given } : given;
        const timestampNs = BigInt(sim.clock.nowMs()) * 1_000_000n + BigInt(ns);
        return { timestampNs, body: Buffer.from(body), attributes: toLabels(attributes) };
      });
      return client.write({ events: [{ labels: toLabels(labels), events }] });
    },
    async tick() {
      sim.advance(WRITE_EVERY_MS);
      await settled();
    },
    values: (name) => valuesOf(server.storage, name),
  };
  try {
    await test(lab);
    assert.equal(server.bugs, []);
  } finally {
    await server.service.drain();
    client.close();
    await server.close();
  }
}

/** The naive storage answers within a few turns. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function valuesOf(storage: Storage, name: string): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {};
  const selectors = [[{ name: '__name__', type: '=' as const, value: name }]];
  for await (const batch of storage.scan({ selectors, startMs: 0, endMs: 2 ** 50 })) {
    for (const { labels, values } of batch) {
      const others = labels.filter((label) => label.name !== '__name__');
      found[others.map((label) => `${label.name}=${label.value}`).join(',')] = [...values];
    }
  }
  return found;
}

const API = { service: 'api', level: 'error' };

eventMetrics('matching events count by labels of the stream and attributes, from 0 on', () =>
  withLab(async ({ send, tick, values, sim }) => {
    await send(API, 'an error', { body: 'error 2', attributes: { status: '500', zone: 'eu' } });
    await send(API, 'all is well', { body: 'error 3', attributes: { status: '500' } });
    await send({ service: 'api', level: 'warn' }, 'error below');
    await send({ service: 'db', level: 'error' }, 'error of others');
    assert.equal(await values('errors_total'), {}, 'nothing before its time');
    await tick();
    assert.equal(await values('errors_total'), {
      'level=error': [0, 1],
      'level=error,status=500': [0, 2],
      'level=warn': [0, 1],
    });
    await send(API, 'error 4');
    await tick();
    assert.equal(await values('errors_total'), {
      'level=error': [0, 1, 2],
      'level=error,status=500': [0, 2, 2],
      'level=warn': [0, 1, 1],
    });
    assert.is(sim.pending, 1, 'counters are written on, changed or not');
  }),
);

eventMetrics('an event that is sent again is counted once', () =>
  withLab(async ({ send, tick, values }) => {
    const event = { body: 'error', ns: 1 };
    for (let sent = 0; sent < 3; sent++) await send(API, event, event);
    await send(API, { ...event, ns: 2 }, { ...event, body: 'another error' });
    await send({ service: 'api', level: 'warn' }, event);
    await tick();
    assert.equal(await values('errors_total'), { 'level=error': [0, 3], 'level=warn': [0, 1] });
  }),
);

eventMetrics('events that were not stored are not counted', async () => {
  let isFull = true;
  const wrap: IngestServerOptions['wrap'] = (storage) => ({
    ...storage,
    appendEvents: (batch) =>
      isFull ? Promise.reject(new Error('no room')) : storage.appendEvents(batch),
  });
  const server = await startIngestServer({
    eventMetrics: [ERRORS],
    wrap,
    sim: createSimClock(NOW_MS),
  });
  const client = connect(server.address);
  const event = { timestampNs: BigInt(NOW_MS) * 1_000_000n, body: Buffer.from('error') };
  const request = { events: [{ labels: toLabels(API), events: [event] }] };
  assert.instance(await client.write(request).catch((error: unknown) => error), Error);
  isFull = false;
  await client.write(request);
  await server.service.drain();
  assert.equal(await valuesOf(server.storage, 'errors_total'), { 'level=error': [0, 1] });
  client.close();
  await server.close();
});

eventMetrics('a rule with a value adds up the numbers that bodies have', () =>
  withLab(
    async ({ send, tick, values }) => {
      await send(API, 'sent 10 B', 'sent 2.5 B', 'sent -3 B', 'sent B', 'sent 1e999 B');
      await tick();
      assert.equal(await values('bytes_total'), { '': [0, 12.5] });
    },
    {
      eventMetrics: [
        {
          ...{ name: 'bytes_total', matchers: ERRORS.matchers, filter: undefined, by: [] },
          amount: parseEventAmount('sent (?P<bytes>\\S+) B'),
        },
      ],
    },
  ),
);

eventMetrics(
  'a counter goes on after a restart, and its new events show as an increase',
  async () => {
    const storage = createNaiveStorage();
    const sim = createSimClock(NOW_MS);
    const run = (test: (lab: Lab) => Promise<unknown>) => withLab(test, { storage, sim });
    await run(({ send }) => send(API, 'error 1', 'error 2'));
    sim.advance(60_000);
    await run(async ({ send, tick, values }) => {
      await send(API, 'error 3');
      await tick();
      assert.equal(await values('errors_total'), { 'level=error': [0, 2, 2, 3] });
    });
    sim.advance(2 * 3_600_000);
    await run(async ({ send, tick, values }) => {
      await send(API, 'error 4');
      await tick();
      const after = (await values('errors_total'))['level=error'];
      assert.equal(after, [0, 2, 2, 3, 0, 1], 'long after, it begins anew');
    });
  },
);

eventMetrics('an idle counter is written no more, and no timer stays', () =>
  withLab(async ({ send, tick, sim, values }) => {
    await send(API, 'error 1');
    await tick();
    sim.advance(3_600_000);
    await settled();
    await tick();
    await tick();
    assert.is(sim.pending, 0);
    const before = (await values('errors_total'))['level=error']!.length;
    sim.advance(60_000);
    await settled();
    assert.is((await values('errors_total'))['level=error']!.length, before);
  }),
);

eventMetrics('new rules hold from the next batch on, and those that stay count on', () =>
  withLab(async ({ send, tick, service, values }) => {
    await send(API, 'error 1');
    service.setEventMetrics([
      { ...ERRORS, filter: undefined },
      { ...ERRORS, name: 'all_total', filter: undefined, by: [] },
    ]);
    await send(API, 'all is well');
    await tick();
    assert.equal(await values('errors_total'), { 'level=error': [0, 2] });
    assert.equal(await values('all_total'), { '': [0, 1] });
    service.setEventMetrics([]);
    await send(API, 'error 3');
    await tick();
    assert.equal(await values('all_total'), { '': [0, 1] });
  }),
);

eventMetrics('series past the limit are refused and counted, and begin when there is room', () =>
  withLab(
    async ({ send, tick, values, registry, service }) => {
      await send(API, { body: 'error', attributes: { status: '1' } });
      await send(API, { body: 'error', attributes: { status: '2' } });
      await tick();
      const written = Object.keys(await values('errors_total'));
      assert.equal(written, ['level=error,status=1']);
      assert.match(
        await registry.metrics(),
        /rejected_points_total\{method="event_metrics",reason="series_limit"\} 2/,
      );
      service.setLimits({ series: 10 });
      await tick();
      assert.equal(await values('errors_total'), {
        'level=error,status=1': [0, 1, 1],
        'level=error,status=2': [0, 1],
      });
    },
    { limits: { series: 2 } },
  ),
);

eventMetrics('a label value that no series may have is refused once, and kept nowhere', () =>
  withLab(
    async ({ send, tick, registry, values }) => {
      await send(API, { body: 'error', attributes: { status: 'x'.repeat(101) } });
      await tick();
      assert.equal(await values('errors_total'), {});
      assert.match(
        await registry.metrics(),
        /method="event_metrics",reason="label_value_too_long"\} 1/,
      );
    },
    { limits: { labelValueBytes: 100 } },
  ),
);

eventMetrics.run();
