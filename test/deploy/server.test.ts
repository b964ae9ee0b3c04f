import { Gauge } from 'prom-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseConfig } from '../../deploy/config.ts';
import { createServerMetrics } from '../../deploy/metrics.ts';
import { startServer } from '../../deploy/server.ts';
import { createSimClock } from '../sim/sim-clock.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import { rejection } from '../support/rejection.ts';

const server = suite('deploy/server');

// Sweeps went on after a start that had failed half-way, on a storage that was closed by then.
server('a start that fails half-way leaves nothing that goes on', async () => {
  const sim = createSimClock();
  const { clock, scheduler } = sim;
  const metrics = createServerMetrics('1.2.3', '.');
  // What comes after retention has started fails on it.
  new Gauge({ name: 'varve_query_active', help: 'taken', registers: [metrics.registry] });
  const parsed = parseConfig('varve.yaml', '');
  assert.ok(parsed.ok);
  const { config } = parsed;
  const lines: object[] = [];
  const note = (fields: object) => void lines.push(fields);
  const log = { info: note, warn: note, error: note, fatal: note, debug: note, trace: note };
  const error = await rejection(
    startServer({
      ...{ config, clock, scheduler, metrics, log: log as never },
      policySet: undefined,
      readConfig: () => config,
      storage: createNaiveStorage(),
      version: '1.2.3',
      serverId: 'a',
    }),
  );
  assert.match(error.message, /varve_query_active/);
  assert.is(sim.pending, 0);
  assert.equal(lines, []);
});

server.run();
