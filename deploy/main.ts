#!/usr/bin/env -S node --single-threaded-gc --max-semi-space-size=2
// The program. This file meets the process; everything it starts is passed what it may use.
//
// The flags above: buffers of messages come and go fast enough for several full collections a
// second. With a young generation of 2 MiB most are found dead before they call for one, which
// halves the time that collections take; and V8's helper threads, which would compete with the main
// thread for the cores, cost a fifth more CPU a point on two cores.

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
const exitCode = await runCli(process.argv.slice(2), createProcessWorld(engine));
// All is done and durable by now. What a library still waits for, that of a Redis which went away
// for one, does not hold the process.
process.exit(exitCode);
