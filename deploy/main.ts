#!/usr/bin/env node
// The program. This file meets the process; everything it starts is passed what it may use.

import { createNodeEnv, inspectPath, openStorage, readWindows } from '../storage/index.ts';
import { runCli } from './cli.ts';
import { createProcessWorld } from './commands/process-world.ts';

const engine = { createEnv: createNodeEnv, openStorage, readWindows, inspectPath };
process.exitCode = await runCli(process.argv.slice(2), createProcessWorld(engine));
