import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Signals, watchSignals } from '../../../deploy/commands/signals.ts';
import type { World } from '../../../deploy/commands/world.ts';
import { createLogger } from '../../../deploy/logging.ts';
import { naiveEngine } from '../../support/naive-engine.ts';

const signals = suite('deploy/commands/signals');

/** A process that is sent signals, and what becomes of it. */
function setUp(): { process: EventEmitter; exits: number[]; watched: Signals } {
  const process = new EventEmitter();
  const exits: number[] = [];
  const world: World = {
    engine: naiveEngine,
    stdin: Readable.from([]),
    stdout: { write: () => {} },
    stderr: { write: () => {} },
    colour: false,
    onSignal(signal, callback) {
      process.on(signal, callback);
      return () => process.off(signal, callback);
    },
    exit(code) {
      exits.push(code);
      throw new Error('exit');
    },
  };
  return { process, exits, watched: watchSignals(world, createLogger({ write: () => {} })) };
}

signals('the first signal asks to stop, the second ends it on the spot', async () => {
  const { process, exits, watched } = setUp();
  process.emit('SIGINT');
  assert.is(await watched.stop, 'SIGINT');
  assert.equal(exits, []);
  assert.throws(() => process.emit('SIGTERM'), 'exit');
  assert.equal(exits, [1]);
});

signals('a signal while the server still starts is kept for when it is up', async () => {
  const { process, watched } = setUp();
  process.emit('SIGTERM');
  await new Promise(setImmediate);
  assert.is(await watched.stop, 'SIGTERM');
});

signals('SIGHUP does nothing until there is something to reload, and nothing after', () => {
  const { process, watched } = setUp();
  let reloads = 0;
  process.emit('SIGHUP');
  watched.onReload(() => reloads++);
  process.emit('SIGHUP');
  watched.release();
  process.emit('SIGHUP');
  assert.is(reloads, 1);
  assert.equal(process.eventNames(), []);
});

signals.run();
