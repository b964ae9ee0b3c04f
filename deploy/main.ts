#!/usr/bin/env -S node --single-threaded-gc
// The program. This file meets the process; everything it starts is passed what it may use.
//
// The flag above: V8's helper threads would compete with the main thread for the cores, and cost a
// fifth more CPU a point on two cores.

import { setFlagsFromString } from 'node:v8';
import {
  createNodeEnv,
  inspectPath,
  openStorage,
  placeSnapshot,
  readWindows,
  restoreSnapshot,
} from '../storage/index.ts';
import { runCli } from './cli.ts';
import { createProcessWorld } from './commands/process-world.ts';

// Buffers of messages lie outside V8's heap but count towards its next full collection, and the
// heap itself is small: with the usual step of a few MiB there were three collections a second
// under load, a fifth of the main thread. At four times the heap it is one in some seconds. Set
// here and not above, where it would make V8 refuse the compiled code of Node's own modules.
setFlagsFromString('--heap-growing-percent=300');

const engine = {
  createEnv: createNodeEnv,
  openStorage,
  readWindows,
  inspectPath,
  placeSnapshot,
  restoreSnapshot,
};
const exitCode = await runCli(process.argv.slice(2), createProcessWorld(engine));
// All is done and durable by now. What a library still waits for, that of a Redis which went away
// for one, does not hold the process.
process.exit(exitCode);
