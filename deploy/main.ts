#!/usr/bin/env -S node --single-threaded-gc
// The program. This file meets the process; everything it starts is passed what it may use.
//
// The flag above: buffers of messages come and go fast enough for several collections a second,
// and V8's helper threads for them compete with the main thread for the cores. Without them the
// server takes a fifth less CPU a point on two cores, and its slowest acks are faster.

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

const engine = {
  createEnv: createNodeEnv,
  openStorage,
  readWindows,
  inspectPath,
  placeSnapshot,
  restoreSnapshot,
};
process.exitCode = await runCli(process.argv.slice(2), createProcessWorld(engine));
