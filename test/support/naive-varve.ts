// The program as main.ts starts it, on the naive engine.

import { runCli } from '../../deploy/cli.ts';
import { createProcessWorld } from '../../deploy/commands/process-world.ts';
import { naiveEngine } from './naive-engine.ts';

process.exitCode = await runCli(process.argv.slice(2), createProcessWorld(naiveEngine));
