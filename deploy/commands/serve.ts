// varve serve: from a config to a running server, and down again on a signal.

import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { Env } from '../../storage/index.ts';
import { createWatchedFile, type WatchedFile } from '../config/watched-file.ts';
import { type Config, formatAddress, loadValidConfig, type Override } from '../config.ts';
import { openDataDirectory } from '../data-directory.ts';
import { createLogger, type Logger } from '../logging.ts';
import { createServerMetrics } from '../metrics.ts';
import { storageOptions } from '../options.ts';
import { startingPolicySet } from '../policy-set/adopted.ts';
import { withPolicySet } from '../policy-set/policies.ts';
import { readVersion } from '../project.ts';
import { type RunningServer, startServer } from '../server.ts';
import { storageLog, tellBoth } from '../storage-log.ts';
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
  const file = options.config === undefined ? undefined : createWatchedFile(options.config);
  const readConfig = () => {
    file?.noteRead();
    return loadValidConfig(options.config, overridesOf(options));
  };
  const config = readConfig();
  // Failures of grpc-js reach us as errors of calls; its own lines would only repeat them.
  setLogVerbosity(logVerbosity.NONE);
  const log = createLogger(world.stderr);
  const env = world.engine.createEnv();
  const signals = watchSignals(world, log);
  try {
    await serveUntilStopped({ config, file, readConfig, world, env, log, signals });
    log.info('stopped');
  } finally {
    await env.compute.close();
    signals.release();
  }
}

interface ServeContext {
  readonly config: Config;
  readonly file: WatchedFile | undefined;
  readonly readConfig: () => Config;
  readonly world: World;
  readonly env: Env;
  readonly log: Logger;
  readonly signals: Signals;
}

async function serveUntilStopped(context: ServeContext): Promise<void> {
  const { config, file, readConfig, world, env, log, signals } = context;
  const version = readVersion();
  const metrics = createServerMetrics(version, config.data_dir);
  const listener = tellBoth(metrics.listener, storageLog(log));
  const { clock, scheduler } = env;
  const policySet = await startingPolicySet(config, scheduler, log);
  const started = withPolicySet(config, policySet);
  const { storage, serverId } = await openDataDirectory(
    config.data_dir,
    (dir) => world.engine.openStorage(dir, env, storageOptions(started, listener)),
    log,
  );
  try {
    const parts = {
      config,
      policySet,
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
    const onReload = () => reload(server, log);
    signals.onReload(onReload);
    const unwatch = file?.watch(scheduler, onReload);
    const [grpc, http] = [formatAddress(server.grpc), formatAddress(server.http)];
    log.info({ version, pid: process.pid, dataDir: config.data_dir, grpc, http }, 'ready');
    world.stdout.write(`varve ready grpc=${grpc} http=${http} data=${config.data_dir}\n`);
    await signals.stop;
    unwatch?.();
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

/** Errors of a reload are told in the log; the old config stays in force. */
function reload(server: RunningServer, log: Logger): void {
  server.reload().catch((error: Error) => {
    log.error({ reason: error.message }, 'reload refused: the config in force stays');
  });
}
