import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connectDevice, type Reading } from '../../../deploy/examples/device-client.ts';
import { NOW_MS, startIngestServer } from '../../support/ingest-server.ts';

const deviceClient = suite('deploy/examples/device-client');

/** A way to `port` that can be cut. */
async function startProxy(port: number) {
  const sockets = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    cut,
    close() {
      proxy.close();
      cut();
    },
  };
}

function reading(index: number): Reading {
  const labels = { __name__: 'test_reading', sensor: String(index % 5) };
  return { labels, timestampMs: NOW_MS + index, value: index };
}

deviceClient(
  'readings survive a connection that is cut again and again, each stored once',
  async () => {
    const server = await startIngestServer();
    const proxy = await startProxy(server.port);
    const device = connectDevice(proxy.address);
    const acks: Promise<unknown>[] = [];
    for (let index = 0; index < 60; index++) {
      const ack = device.send([reading(index)]);
      acks.push(ack);
      if (index % 20 === 0) {
        await ack;
        proxy.cut();
      }
    }
    await Promise.all(acks);
    const stored = [...server.storage.contents().values()]
      .flat()
      .map(([timestampMs]) => timestampMs);
    assert.equal(
      stored.sort((a, b) => a - b),
      Array.from({ length: 60 }, (_, index) => NOW_MS + index),
    );
    device.close();
    proxy.close();
    await server.close();
  },
);

deviceClient(
  'a reading that is not taken is told to its sender, and the next ones pass',
  async () => {
    const server = await startIngestServer();
    const device = connectDevice(server.address);
    const tooLate = { timestampMs: 2 ** 60, value: 1, labels: { __name__: 'test_reading' } };
    const outcomes = await Promise.allSettled([
      device.send([reading(1)]),
      device.send([tooLate]),
      device.send([reading(2)]),
    ]);
    assert.equal(
      outcomes.map((one) => (one.status === 'fulfilled' ? Number(one.value.accepted) : one.reason)),
      [1, 0, 1],
    );
    device.close();
    await server.close();
  },
);

deviceClient.run();
