// varve serve: from a config to a running server, and down again on a signal.

import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { Env } from '../../storage/index.ts';
import {
  type Config,
  type ConfigResult,
  formatAddress,
  formatProblems,
  loadConfig,
  type Override,
} from '../config.ts';
import { openDataDirectory } from '../data-directory.ts';
import { createLogger, type Logger } from '../logging.ts';
import { createServerMetrics } from '../metrics.ts';
import { storageOptions } from '../options.ts';
import { readVersion } from '../project.ts';
import { type RunningServer, startServer } from '../server.ts';
import { storageLog, tellBoth } from '../storage-log.ts';
import { UserError } from '../user-error.ts';
import { type Signals, watchSignals } from './signals.ts';
import type { World } from './world.ts';

export interface ServeOptions {
  readonly config?: string;
  readonly data?: string;
  readonly grpc?: string;
  readonly http?: string;
  readonly set: readonly Override[];
}

/** Resolves when the server has stopped. */
export async function serve(options: ServeOptions, world: World): Promise<void> {
  const readConfig = () => validConfig(loadConfig(options.config, overridesOf(options)));
  const config = readConfig();
  // Failures of grpc-js reach us as errors of calls; its own lines would only repeat them.
  setLogVerbosity(logVerbosity.NONE);
  const log = createLogger(world.stderr);
  const env = world.engine.createEnv();
  const signals = watchSignals(world, log);
  try {
    await serveUntilStopped({ config, readConfig, world, env, log, signals });
    log.info('stopped');
  } finally {
    await env.compute.close();
    signals.release();
  }
}

interface ServeContext {
  readonly config: Config;
  readonly readConfig: () => Config;
  readonly world: World;
  readonly env: Env;
  readonly log: Logger;
  readonly signals: Signals;
}

async function serveUntilStopped(context: ServeContext): Promise<void> {
  const { config, readConfig, world, env, log, signals } = context;
  const version = readVersion();
  const metrics = createServerMetrics(version, config.data_dir);
  const listener = tellBoth(metrics.listener, storageLog(log));
  const { storage, serverId } = await openDataDirectory(
    config.data_dir,
    (dir) => world.engine.openStorage(dir, env, storageOptions(config, listener)),
    log,
  );
  try {
    const { clock, scheduler } = env;
    const parts = {
      config,
      readConfig,
      storage,
      version,
      serverId,
      clock,
      scheduler,
      metrics,
      log,
    };
    const server = await startServer(parts);
    signals.onReload(() => reload(server, log));
    const [grpc, http] = [formatAddress(server.grpc), formatAddress(server.http)];
    log.info({ version, pid: process.pid, dataDir: config.data_dir, grpc, http }, 'ready');
    world.stdout.write(`varve ready grpc=${grpc} http=${http} data=${config.data_dir}\n`);
    await signals.stop;
    await server.stop();
  } finally {
    await storage.close();
  }
}

/** Flags that stand for a key beat `--set`, which beats the file. */
function overridesOf({ data, grpc, http, set }: ServeOptions): Override[] {
  const flags = [
    { path: ['data_dir'], value: data, flag: `--data ${data}` },
    { path: ['grpc', 'listen'], value: grpc, flag: `--grpc ${grpc}` },
    { path: ['http', 'listen'], value: http, flag: `--http ${http}` },
  ];
  return [...set, ...flags.filter(({ value }) => value !== undefined)];
}

function validConfig(result: ConfigResult): Config {
  if (!result.ok) throw new UserError(formatProblems(result.problems), 2);
  return result.config;
}

/** Errors of a reload are told in the log; the old config stays in force. */
function reload(server: RunningServer, log: Logger): void {
  server.reload().catch((error: Error) => {
    log.error({ reason: error.message }, 'reload refused: the config in force stays');
  });
}
