// varve serve: from a config to a running server, and down again on a signal.

import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
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
import type { StopSignal, World } from './world.ts';

export interface ServeOptions {
  readonly config?: string;
  readonly data?: string;
  readonly grpc?: string;
  readonly http?: string;
  readonly set: readonly Override[];
}

/** Resolves when the server has stopped. */
export async function serve(options: ServeOptions, world: World): Promise<void> {
  const readConfig = () => loadConfig(options.config, overridesOf(options));
  const config = validConfig(readConfig());
  const log = createLogger(world.stderr);
  const version = readVersion();
  const env = world.engine.createEnv();
  const metrics = createServerMetrics(version);
  // Failures of grpc-js reach us as errors of calls; its own lines would only repeat them.
  setLogVerbosity(logVerbosity.NONE);

  const { storage, serverId } = await openDataDirectory(config.data_dir, (dir) =>
    world.engine.openStorage(
      dir,
      env,
      storageOptions(config, tellBoth(metrics.listener, storageLog(log))),
    ),
  );
  const stopped = stopRequested(world, log);
  try {
    const server = await startServer({
      config,
      readConfig: () => validConfig(readConfig()),
      storage,
      version,
      serverId,
      clock: env.clock,
      scheduler: env.scheduler,
      metrics,
      log,
    });
    const ignoreReloads = world.onSignal('SIGHUP', () => reload(server, log));
    const [grpc, http] = [formatAddress(server.grpc), formatAddress(server.http)];
    log.info({ version, pid: process.pid, dataDir: config.data_dir, grpc, http }, 'ready');
    world.stdout.write(`varve ready grpc=${grpc} http=${http} data=${config.data_dir}\n`);
    const signal = await stopped.signal;
    log.info({ signal }, 'stopping: no more writes, those under way are finished');
    ignoreReloads();
    await server.stop();
  } finally {
    await storage.close();
    await env.compute.close();
    stopped.release();
  }
  log.info('stopped');
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

interface StopRequest {
  readonly signal: Promise<StopSignal>;
  release(): void;
}

/** The first SIGTERM or SIGINT; a second one ends the process without waiting for anything. */
function stopRequested(world: World, log: Logger): StopRequest {
  let releases: (() => void)[] = [];
  const signal = new Promise<StopSignal>((resolve) => {
    let isStopping = false;
    const onSignal = (name: StopSignal) => () => {
      if (isStopping) {
        log.warn({ signal: name }, 'forced: the WAL is replayed at the next start');
        world.exit(1);
      }
      isStopping = true;
      resolve(name);
    };
    releases = (['SIGTERM', 'SIGINT'] as const).map((name) => world.onSignal(name, onSignal(name)));
  });
  return {
    signal,
    release: () => {
      for (const release of releases) release();
    },
  };
}
