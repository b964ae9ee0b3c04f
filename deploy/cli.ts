// The command line: what can be asked for, and how an answer or a mistake reaches the user. Each
// command is loaded when it is run, so that a small one does not wait for the server's libraries.

import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { StorageError } from '../storage/index.ts';
import type { ExportOptions } from './commands/export.ts';
import type { ImportOptions } from './commands/import.ts';
import type { InspectOptions } from './commands/inspect.ts';
import type { JobsOptions } from './commands/jobs.ts';
import type { QueryOptions } from './commands/query.ts';
import type { RedisOfOptions } from './commands/redis-option.ts';
import type { RestoreOptions } from './commands/restore.ts';
import type { RetentionPlanOptions } from './commands/retention-plan.ts';
import type { PublishOptions } from './commands/retention-publish.ts';
import type { ServeOptions } from './commands/serve.ts';
import type { SnapshotOptions } from './commands/snapshot.ts';
import type { World } from './commands/world.ts';
import { type Override, parseOverride } from './config/source.ts';
import { readVersion } from './project.ts';
import { DEFAULT_SERVER } from './remote.ts';
import { isSystemError, systemReason, UserError } from './user-error.ts';

const CONFIG_OPTION = ['--config <file>', 'YAML config; every key has a default'] as const;

const SERVER_OPTION = ['--http <url>', 'the server', DEFAULT_SERVER] as const;

/** Runs one command. Resolves to the exit code: 0 done, 1 failed, 2 wrong use. */
export async function runCli(args: readonly string[], world: World): Promise<number> {
  const program = createProgram(world);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const { message, exitCode } = failureOf(error);
    for (const line of message.split('\n')) world.stderr.write(`varve: ${line}\n`);
    return exitCode;
  }
}

/** What a user can mend becomes a line; anything else is a fault of ours and keeps its stack. */
function failureOf(error: unknown): { message: string; exitCode: number } {
  if (error instanceof UserError) return error;
  if (error instanceof StorageError) return { message: error.message, exitCode: 1 };
  if (isSystemError(error)) {
    const where = error.path === undefined ? '' : `${error.path}: `;
    return { message: `${where}${systemReason(error)}`, exitCode: 1 };
  }
  if (!(error instanceof CommanderError)) throw error;
  if (error.code === 'commander.help') {
    return { message: 'say what to do: varve --help lists the commands', exitCode: 2 };
  }
  const text = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return { message: `${text}; see varve --help`, exitCode: 2 };
}

function createProgram(world: World): Command {
  const program = new Command('varve')
    .description('A time-series engine: gRPC in, PromQL out, retention by dropping whole windows.')
    .version(readVersion())
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      // What commander would say on stderr arrives as an error and is said in one line.
      writeErr: () => {},
    })
    .exitOverride();
  addServe(program, world);
  addConfig(program, world);
  addRetention(program, world);
  addJobs(program, world);
  addImport(program, world);
  addExport(program, world);
  addQuery(program, world);
  addInspect(program, world);
  addSnapshot(program, world);
  addRestore(program, world);
  return program;
}

function addServe(program: Command, world: World): void {
  program
    .command('serve')
    .description('run the server in the foreground')
    .option(...CONFIG_OPTION)
    .option('--data <dir>', 'data directory (data_dir)')
    .option('--grpc <host:port>', 'where gRPC listens (grpc.listen); port 0 picks a free one')
    .option('--http <host:port>', 'where HTTP listens (http.listen); port 0 picks a free one')
    .option('--set <key=value>', 'any key of the config by its dotted path', addOverride, [])
    .action(async (options: ServeOptions) => {
      const { serve } = await import('./commands/serve.ts');
      await serve(options, world);
    });
}

function addOverride(text: string, before: readonly Override[]): readonly Override[] {
  const override = parseOverride(text);
  if (override === undefined) {
    throw new InvalidArgumentError('Say KEY=VALUE, such as --set storage.wal.sync=os.');
  }
  return [...before, override];
}

function addConfig(program: Command, world: World): void {
  program
    .command('config')
    .description('work with config files')
    .command('check <file>')
    .description('name every mistake with its line and key')
    .action(async (file: string) => {
      const { checkConfig } = await import('./commands/config-check.ts');
      checkConfig(file, world);
    });
}

function addRetention(program: Command, world: World): void {
  const retention = program.command('retention').description('work with retention policies');
  retention
    .command('plan')
    .description('show what a sweep would drop, by policy; drops nothing')
    .option(...CONFIG_OPTION)
    .requiredOption('--data <dir>', 'data directory')
    .option('--at <time>', 'as of this time: RFC 3339, seconds since the epoch, or -1h')
    .action(async (options: RetentionPlanOptions) => {
      const { printRetentionPlan } = await import('./commands/retention-plan.ts');
      await printRetentionPlan(options, world);
    });
  retention
    .command('publish <file>')
    .description('put the policies of a config on a Redis, for servers with policies: redis')
    .option('--redis <url>', 'redis://HOST:PORT (default: retention.redis of the file)')
    .action(async (file: string, options: PublishOptions) => {
      const { publishRetention } = await import('./commands/retention-publish.ts');
      await publishRetention(file, options, world);
    });
  retention
    .command('show')
    .description('print the policies that are published on a Redis, as a config')
    .option('--redis <url>', 'redis://HOST:PORT')
    .option('--config <file>', 'the config whose retention.redis is asked')
    .action(async (options: RedisOfOptions) => {
      const { showRetention } = await import('./commands/retention-publish.ts');
      await showRetention(options, world);
    });
}

function addJobs(program: Command, world: World): void {
  program
    .command('jobs')
    .description('list the sweeps, rollups, compactions and snapshots that servers run on a Redis')
    .option('--redis <url>', 'redis://HOST:PORT')
    .option('--config <file>', 'the config whose retention.redis is asked')
    .option('--json', 'for programs')
    .action(async (options: JobsOptions) => {
      const { listJobs } = await import('./commands/jobs.ts');
      await listJobs(options, world);
    });
}

function addImport(program: Command, world: World): void {
  program
    .command('import <files...>')
    .description('load files, or stdin as -, into a running server; .gz and .zst are decompressed')
    .option(...SERVER_OPTION)
    .option(
      '--format <name>',
      'influx, jsonl, openmetrics or csv (default: by the name of the file)',
    )
    .option('--from-line <n>', 'go on with this line of the first file', toCount, 1)
    .option('--columns <list>', 'of CSV, such as 1:time:unix_s,2:label:host,3:metric:load')
    .option('--header-lines <n>', 'lines at the start of each file to leave out', toCount, 0)
    .option('--precision <unit>', 'of line protocol: ns, us, ms or s')
    .option('--db <name>', 'of line protocol: the label db of its points')
    .action(async (files: string[], options: ImportOptions) => {
      const { importFiles } = await import('./commands/import.ts');
      await importFiles(files, options, world);
    });
}

function toCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Say a number.');
}

function addExport(program: Command, world: World): void {
  program
    .command('export')
    .description('raw points of a running server as JSON lines, which import reads')
    .option(...SERVER_OPTION)
    .requiredOption('--match <selector>', 'series to export; may be given several times', append)
    .option('--start <time>', 'first time: RFC 3339, seconds since the epoch, or -1h')
    .option('--end <time>', 'last time')
    .option('--output <file>', 'instead of stdout; compressed when it ends in .gz or .zst')
    .action(async (options: ExportOptions) => {
      const { exportPoints } = await import('./commands/export.ts');
      await exportPoints(options, world);
    });
}

function append(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function addQuery(program: Command, world: World): void {
  program
    .command('query <expression>')
    .description('ask a running server; with a range, plot the answer')
    .option(...SERVER_OPTION)
    .option('--start <time>', 'start of the range: RFC 3339, seconds since the epoch, or -1h')
    .option('--end <time>', 'end of the range, included (default: now)')
    .option('--step <duration>', 'distance of the points, such as 30s')
    .option('--json', "the server's answer as it is")
    .option('--csv', 'a line for each point')
    .action(async (expression: string, options: QueryOptions) => {
      const { query } = await import('./commands/query.ts');
      await query(expression, options, world);
    });
}

function addInspect(program: Command, world: World): void {
  program
    .command('inspect <path>')
    .description('show what is in a WAL segment, SSTable, manifest or data directory')
    .option('--verify', 'read every block')
    .action(async (path: string, options: InspectOptions) => {
      const { inspect } = await import('./commands/inspect.ts');
      await inspect(path, options, world);
    });
}

function addSnapshot(program: Command, world: World): void {
  program
    .command('snapshot <dir>')
    .description('back up a running server to a new directory on its machine')
    .option(...SERVER_OPTION)
    .action(async (dir: string, options: SnapshotOptions) => {
      const { snapshot } = await import('./commands/snapshot.ts');
      await snapshot(dir, options, world);
    });
}

function addRestore(program: Command, world: World): void {
  program
    .command('restore <dir>')
    .description('check a snapshot and make a data directory of it')
    .requiredOption('--data <dir>', 'the data directory to make; absent or empty')
    .action(async (dir: string, options: RestoreOptions) => {
      const { restore } = await import('./commands/restore.ts');
      await restore(dir, options, world);
    });
}
